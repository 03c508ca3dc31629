import Bus
import Contracts
import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

/// Points that a test holds open, and risk-manager beside execution.
extension Rig {
    /// The account's row, locked by the test until it is released.
    final class Lock: Sendable {
        private let release_: AsyncStream<Void>.Continuation
        private let holding: Task<Void, any Error>

        init(_ database: Database) async throws {
            let (wait, release) = AsyncStream<Void>.makeStream()
            let (held, tell) = AsyncStream<Void>.makeStream()
            release_ = release
            holding = Task {
                defer { tell.finish() }
                try await database.transaction { transaction in
                    try await transaction.query("SELECT 1 FROM accounts WHERE id = 'main' FOR NO KEY UPDATE")
                    tell.yield()
                    for await _ in wait {}
                }
                await database.close()
            }
            var first = held.makeAsyncIterator()
            try #require(await first.next() != nil, "the account's row is locked")
        }

        func release() async {
            release_.finish()
            _ = await holding.result
        }
    }

    /// Nobody changes the account until the lock is released.
    func lockAccount() async throws -> Lock { try await Lock(database.connect(.riskManager, poolSize: 1)) }

    /// Waits until a service waits for a row.
    func waitForLock(_ role: String) async throws {
        try await eventually("\(role) waits for the account") {
            try await self.database.servers.sql(
                """
                SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = '\(role)' AND datname = '\(self.database.name)'
                    AND wait_event_type = 'Lock'
                """) == "t" ? true : nil
        }
    }

    /// Starts risk-manager; kill it at will.
    func riskManager() throws -> RunningProgram {
        try RunningProgram(
            RunningProgram.product("risk-manager"), ["--config", folder.appending(path: "plimsoll.yaml").path],
            log: folder.appending(path: "risk-manager.log"))
    }

    func riskManagerReady() async throws {
        do {
            try await eventually("risk-manager is ready", within: .seconds(30)) {
                await self.get("http://127.0.0.1:\(self.ports.risk)/health/ready")?.status == 200 ? true : nil
            }
        } catch {
            let log = try String(contentsOf: folder.appending(path: "risk-manager.log"), encoding: .utf8)
            Issue.record("risk-manager is not ready: \(log.suffix(1500))")
            throw error
        }
    }

    /// A wish to enter at the price of now.
    func signal(_ symbol: Symbol) async throws -> Signal {
        let price = try await eventually("there is a price") { await self.price(of: symbol) }
        func level(_ tenths: Int64) -> Price {
            price.times(Ratio(tenths, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero)
        }
        return Signal(
            strategy: "momentum", symbol: symbol, timeframe: .minute1,
            candleClose: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)), action: .enter,
            price: price,
            stop: level(9), target: level(11), confidence: .one, reasons: ["a test"])
    }

    /// Books the minute that ended just before `time`, as market-data does: a risk-manager that has just started has its price.
    func minute(before time: Timestamp, of symbol: Symbol) async throws {
        let price = try await eventually("there is a price") { await self.price(of: symbol) }
        let market = database.connect(.marketData, poolSize: 1)
        try await market.query(
            """
            INSERT INTO candles (symbol, timeframe, open_ns, open, high, low, close, volume, trades, source)
            VALUES ($1, '1m', $2, $3, $3, $3, $3, 1, 1, 'trades')
            """, [symbol, time - .minutes(1) - .milliseconds(1), price])
        await market.close()
    }

    /// Tells of a signal as strategy does.
    func raise(_ signal: Signal) {
        bus.publish(
            Envelope(
                id: DerivedID.make("evt", signal.id), source: "strategy", at: signal.candleClose,
                correlation: signal.id,
                key: signal.strategy, data: SignalRaised(signal: signal)), on: Channels.signals)
    }

    /// What risk-manager answers to a stop.
    func stop() async throws -> Int {
        let answer = try await client.send(
            HTTPRequest(
                .post, "http://127.0.0.1:\(ports.risk)/api/control/main/stop",
                headers: [("Content-Type", "application/json")],
                body: Array(#"{"by":"tests","reason":"load","flatten":true}"#.utf8)))
        return answer.status
    }
}

extension Rig {
    /// The stop of the position in `symbol` was traded through at the exchange, whoever holds it.
    func wasReached(_ symbol: Symbol) async throws -> Bool {
        struct Trade: Decodable { let p: Price }
        let rows = try await risk.query(
            "SELECT stop FROM positions WHERE symbol = $1 AND is_open AND stop IS NOT NULL", [symbol])
        guard let stop = try rows.first?.price("stop"),
            let answer = await get(
                "http://127.0.0.1:\(ports.exchange)/api/v3/aggTrades?symbol=\(symbol.name)&limit=1000")
        else { return false }
        return try JSONDecoder().decode([Trade].self, from: Data(answer.body)).contains { $0.p <= stop }
    }
}
