import Bus
import Contracts
import Domain
import Foundation
import Logging
import ServiceKit
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

@testable import StrategyApp
@testable import StrategyCore

/// Drops what is logged.
struct NoLog: LogSink {
    func write(_ line: String) {}
}

/// What stands around the strategy service in a test: a market-data that stores and publishes, a risk-manager that books.
final class StrategyHarness: Sendable {
    let database: TestDatabase
    let symbol: Symbol
    let bus: Bus
    let marketData: Database
    let riskManager: Database
    private let heard = Mutex<[Signal]>([])
    private let connected = Mutex(false)
    private let listener = Mutex<Task<Void, Never>?>(nil)

    init(_ database: TestDatabase) throws {
        self.database = database
        symbol = try #require(Symbol("T\(UInt32.random(in: 0...UInt32.max))USDT"))
        bus = Bus(
            BusSettings(
                host: database.servers.host, port: Int32(database.servers.redisPort),
                password: database.servers.redisPassword), logger: Logger(label: "test"))
        marketData = database.connect(.marketData, poolSize: 1)
        riskManager = database.connect(.riskManager, poolSize: 1)
    }

    /// Listens to the signals of this test's symbol; with `books` it also writes them, as risk-manager does.
    func listen(books: Bool) async throws {
        bus.start()
        let stream = bus.subscribe(to: [Channels.signals])
        let task = Task { [self] in
            for await message in stream {
                guard case .message(let envelope) = message, envelope.data.signal.symbol == symbol else {
                    if case .connected = message { connected.withLock { $0 = true } }
                    continue
                }
                heard.withLock { $0.append(envelope.data.signal) }
                if books { try? await book(envelope.data.signal) }
            }
        }
        listener.withLock { $0 = task }
        _ = try await eventually("the test listens") { connected.withLock { $0 } ? true : nil }
    }

    var signals: [Signal] { heard.withLock { $0 } }

    func book(_ signal: Signal) async throws {
        try await riskManager.query(
            """
            INSERT INTO signals (id, strategy, symbol, timeframe, candle_close_ns, action, price, stop, target, confidence, reasons)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '[]') ON CONFLICT DO NOTHING
            """,
            [
                signal.id, signal.strategy, signal.symbol, signal.timeframe, signal.candleClose, signal.action,
                signal.price,
                signal.stop, signal.target, signal.confidence,
            ])
    }

    func store(_ candles: some Sequence<Candle>) async throws {
        for candle in candles {
            try await marketData.query(
                """
                INSERT INTO candles (symbol, timeframe, open_ns, revision, open, high, low, close, volume, trades, source)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                [
                    candle.symbol, candle.timeframe, candle.openTime, candle.revision, candle.open, candle.high,
                    candle.low,
                    candle.close, candle.volume, candle.tradeCount, candle.source.rawValue,
                ])
        }
    }

    func publish(_ candle: Candle) {
        bus.publish(
            Envelope(
                id: UUID().uuidString, source: "market-data", at: SystemClock().now(), correlation: "",
                key: symbol.name,
                data: CandleUpdate(candle: candle)), on: Channels.candles(symbol, candle.timeframe))
    }

    var settings: String {
        """
        http: {host: 127.0.0.1}
        database:
          host: \(database.servers.host)
          port: \(database.servers.pgbouncerPort)
          name: \(database.name)
          password_file: \(database.servers.folder.path)/secrets/postgres-{role}
        redis:
          host: \(database.servers.host)
          port: \(database.servers.redisPort)
          password_file: \(database.servers.folder.path)/secrets/redis
        exchange: {symbols: [\(symbol)]}
        strategy:
          port: 8082
          upkeep_interval: 200ms
          instances:
            - {id: m, kind: momentum, timeframe: 1m, symbols: [\(symbol)], parameters: {fast: 3, slow: 8, atr: 14}}
        """
    }

    /// Runs the service while `body` runs, and stops it as SIGTERM would.
    func withService(
        rule: (any Strategy)? = nil, _ body: (HostedService) async throws -> Void
    ) async throws {
        let symbol = symbol
        let hosted = try await HostedService(
            "strategy", settings: try Settings(yaml: settings), listen: .anyLoopback, sink: NoLog()
        ) { context, _ in
            let settings = StrategySettings(context.reader)
            guard let rule else { return Build(context, settings).services }
            let instance = StrategyInstance(
                id: "m", kind: .momentum, timeframe: .minute1, symbols: [symbol], parameters: [:], rule: rule)
            return Build(
                context, StrategySettings(instances: [instance], upkeepInterval: settings.upkeepInterval)
            ).services
        }
        let task = Task { try await hosted.run() }
        let outcome: Result<Void, any Error>
        do {
            _ = try await eventually("the service is ready") { hosted.context.health.ready ? true : nil }
            outcome = .success(try await body(hosted))
        } catch { outcome = .failure(error) }
        task.cancel()
        _ = await task.result
        try outcome.get()
    }

    /// What the row of the instance says.
    func row() async throws -> (lastClose: Timestamp, state: String, reason: String)? {
        let rows = try await riskManager.query(
            "SELECT last_close_ns, state, state_reason FROM strategy_instances WHERE id = 'm'")
        guard let row = rows.first else { return nil }
        return (try row.timestamp("last_close_ns"), try row.text("state"), try row.text("state_reason"))
    }

    func close() async {
        listener.withLock { $0 }?.cancel()
        await bus.close()
        await marketData.close()
        await riskManager.close()
    }
}

/// A harness on a database of its own.
func withHarness(
    on servers: TestServers? = nil, _ body: (StrategyHarness) async throws -> Void
) async throws {
    let database = try await TestDatabase.make(on: try servers ?? TestServers.shared())
    let harness = try StrategyHarness(database)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(harness)) } catch { outcome = .failure(error) }
    await harness.close()
    try await database.drop()
    try outcome.get()
}
