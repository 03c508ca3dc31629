import Contracts
import Domain
import Foundation
import Logging
import Outbound
import RiskManagerCore
import ServiceKit
import Store
import StoreTestKit
import Synchronization
import TestKit

@testable import RiskManagerApp

/// What a test of the service stands on: a database of its own, markets and a strategy that no other test names, and the
/// shared Redis.
struct Floor: Sendable {
    let database: TestDatabase
    let symbols: [Symbol]
    let strategy: String
    let close = Timestamp(seconds: 1_700_000_040)

    init(_ database: TestDatabase, markets: Int = 2) {
        self.database = database
        let tag = database.name.suffix(10).uppercased()
        symbols = (0..<markets).map { symbol("R\(tag)\($0)") }
        strategy = "momentum-\(database.name)"
    }

    var instruments: [Symbol: Instrument] {
        Dictionary(
            symbols.map { symbol in
                let instrument = Instrument(
                    symbol: symbol, base: "B", quote: "USDT", tickSize: price("0.01"), lotSize: quantity("0.001"),
                    minimumQuantity: quantity("0.001"), maximumQuantity: quantity("9000"), minimumNotional: money("5"))
                return (symbol, instrument)
            }, uniquingKeysWith: { first, _ in first })
    }

    var policy: RiskPolicy {
        RiskPolicy(
            riskPerTrade: ratio("0.005"),
            limits: RiskLimits(
                position: ratio("0.2"), grossExposure: ratio("0.8"), openPositions: 100, dailyLoss: ratio("0.03"),
                drawdown: ratio("0.1"), monthlyDrawdown: ratio("0.05"), monthlyDrawdownNearGoal: ratio("0.02")),
            entryExpiry: .seconds(30), stalePriceAfter: .seconds(15))
    }

    /// The books with every market at 100, as one process would have them.
    func books(
        _ connection: Database, clock: any WallClock = SystemClock(), _ change: (inout RiskPolicy) -> Void = { _ in },
        rates: ConversionRates = ConversionRates()
    ) -> RiskBooks {
        var policy = policy
        change(&policy)
        let market = MarketView()
        market.note(instruments)
        for symbol in symbols { market.note(symbol, [PricePoint(price: price("100"), time: close - .seconds(1))]) }
        market.noteHistory()
        return RiskBooks(
            database: connection, policies: Policies(usual: policy, rates: rates), market: market, clock: clock)
    }

    func signal(
        _ symbol: Symbol, _ action: Signal.Action = .enter, at time: Timestamp? = nil, strategy: String? = nil
    ) -> Signal {
        Signal(
            strategy: strategy ?? self.strategy, symbol: symbol, timeframe: .minute1, candleClose: time ?? close,
            action: action, price: price("100"), stop: action == .enter ? price("98") : nil,
            target: action == .enter ? price("103") : nil, confidence: .one, reasons: ["fast above slow"])
    }

    var account: RiskSettings.Account {
        RiskSettings.Account(
            id: "main", venue: "paper", currency: "USDT", deposit: money("10000"), strategies: [strategy],
            policy: policy)
    }

    /// A position as execution books it.
    func open(_ symbol: Symbol, _ amount: String, id: String = "pos-1", account: String = "main") async throws {
        let execution = database.connect(.execution, poolSize: 1)
        try await execution.query(
            """
            INSERT INTO positions (account, symbol, id, quantity, cost, strategy, opened_ns)
            VALUES ($1, $2, $3, $4, 100, $5, 1)
            ON CONFLICT (account, symbol) DO UPDATE SET id = excluded.id, quantity = excluded.quantity
            """, [account, symbol, id, quantity(amount), strategy])
        await execution.close()
    }

    /// Counts rows as the superuser.
    func count(_ sql: String) async throws -> Int {
        Int(try await database.servers.sql("SELECT count(*) FROM \(sql)", database: database.name)) ?? -1
    }

    func value(_ sql: String) async throws -> String {
        try await database.servers.sql("SELECT \(sql)", database: database.name)
    }
}

/// A test's floor on a fresh database.
func withFloor(markets: Int = 2, _ body: (Floor) async throws -> Void) async throws {
    try await withTestDatabase { database in try await body(Floor(database, markets: markets)) }
}

/// Collects the log of a service under test.
final class LogLines: LogSink {
    private let collected = Mutex<[String]>([])
    func write(_ line: String) { collected.withLock { $0.append(line) } }
    var lines: [String] { collected.withLock { $0 } }
}
