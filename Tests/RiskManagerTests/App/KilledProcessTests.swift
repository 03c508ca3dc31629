import Bus
import Contracts
import Domain
import Foundation
import Hummingbird
import Logging
import Outbound
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

/// The program itself, killed at the worst moments.
@Suite(.serialized) struct KilledProcessTests {
    /// Says the venue's rules of the test's markets, and nothing else.
    private func withExchange(_ floor: Floor, _ body: (Int) async throws -> Void) async throws {
        let markets = floor.symbols.map { symbol in
            """
            {"symbol":"\(symbol)","status":"TRADING","baseAsset":"B","quoteAsset":"USDT","filters":[
            {"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"NOTIONAL","minNotional":"5"},
            {"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"9000","stepSize":"0.001"}]}
            """
        }
        let rules = #"{"symbols":[\#(markets.joined(separator: ","))]}"#
        let exchange = try await HostedService(
            "exchange-sim", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { _, api in
            api.router.get("/api/v3/exchangeInfo") { _, _ in rules }
            return []
        }
        let running = Task { try await exchange.run() }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(try await exchange.port)) } catch { outcome = .failure(error) }
        running.cancel()
        _ = await running.result
        try outcome.get()
    }

    private struct Process {
        let folder: URL
        let program: RunningProgram
        let client: Client
    }

    private func start(_ floor: Floor, exchange: Int, ready: Bool = true) async throws -> Process {
        let folder = FileManager.default.temporaryDirectory.appending(path: "risk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let config = folder.appending(path: "plimsoll.yaml")
        try floor.settings(restURL: "http://127.0.0.1:\(exchange)", folder: folder)
            .write(to: config, atomically: true, encoding: .utf8)
        let log = folder.appending(path: "log")
        let program = try RunningProgram(
            RunningProgram.product("risk-manager"), ["--config", config.path, "--listen", "127.0.0.1:0"], log: log)
        let port = try await eventually("it listens", within: .seconds(20)) {
            try program.log().split(separator: "\n").first { $0.contains("\"listening\"") }
                .flatMap { line in line.firstMatch(of: /"port":"(\d+)"/).flatMap { Int($0.1) } }
        }
        let client = Client(port: port)
        if ready { try await client.untilReady() }
        return Process(folder: folder, program: program, client: client)
    }

    @Test func `killed before the commit, the signal is decided once by the next`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await withExchange(floor) { exchange in
                    let first = try await start(floor, exchange: exchange)
                    let signal = floor.signal(floor.symbols[0])
                    let holder = floor.database.connect(.riskManager, poolSize: 1)
                    try await holder.transaction { transaction in
                        // The account is locked: the decision is under way and cannot commit.
                        try await transaction.query("SELECT 1 FROM accounts WHERE id = 'main' FOR UPDATE")
                        floor.say(price("100"), of: signal.symbol, at: floor.close - .seconds(1), on: bus)
                        floor.say(signal, on: bus)
                        try await eventually("the decision waits for the lock") {
                            try await floor.count(
                                "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
                                ? true : nil
                        }
                        try await first.program.kill()
                    }
                    await holder.close()
                    #expect(try await floor.count("decisions") == 0)
                    let second = try await start(floor, exchange: exchange)
                    try await floor.raise(signal, on: bus)
                    try await expectOnce(floor, orders: 1)
                    #expect(try await second.program.terminate() == 0)
                }
            }
        }
    }

    @Test func `killed after the commit, the decision stands and its event can be read`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await withExchange(floor) { exchange in
                    let first = try await start(floor, exchange: exchange)
                    let signal = floor.signal(floor.symbols[0])
                    try await floor.raise(signal, on: bus)
                    try await first.program.kill()
                    let second = try await start(floor, exchange: exchange)
                    for _ in 0..<5 {
                        floor.say(signal, on: bus)
                        // Not all in one reading.
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    try await floor.raise(floor.signal(floor.symbols[1]), on: bus)
                    try await expectOnce(floor, orders: 2)
                    try await expectReadable(floor, 2)
                    #expect(try await second.program.terminate() == 0)
                }
            }
        }
    }

    @Test func `killed at any moment, every signal has one decision`() async throws {
        try await withFloor(markets: 8) { floor in
            try await floor.withBus { bus in
                try await withExchange(floor) { exchange in
                    var random = SeededRandom(seed: 77)
                    for round in 0..<4 {
                        let process = try await start(floor, exchange: exchange)
                        for symbol in floor.symbols {
                            floor.say(price("100"), of: symbol, at: floor.close - .seconds(1), on: bus)
                            floor.say(floor.signal(symbol, at: floor.close - .milliseconds(Int64(round))), on: bus)
                        }
                        // The moment of the kill is the seed's.
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
                        try await process.program.kill()
                    }
                    let last = try await start(floor, exchange: exchange)
                    for round in 0..<4 {
                        for symbol in floor.symbols {
                            try await floor.raise(
                                floor.signal(symbol, at: floor.close - .milliseconds(Int64(round))), on: bus)
                        }
                    }
                    #expect(try await floor.count("decisions") == 32, "seed 77")
                    #expect(
                        try await floor.count("(SELECT 1 FROM decisions GROUP BY signal_id HAVING count(*) > 1) AS x")
                            == 0)
                    #expect(
                        try await floor.count("orders") == floor.count("decisions WHERE outcome = 'approved'"))
                    #expect(try await floor.count("events WHERE type IN ('order.approved', 'signal.refused')") == 32)
                    #expect(try await floor.value("coalesce(sum(reserved), 0) <= 8000 FROM orders") == "t")
                    #expect(try await last.program.terminate() == 0)
                }
            }
        }
    }

    @Test func `without the venue's rules or the database it says so and is not ready`() async throws {
        try await withFloor { floor in
            let process = try await start(floor, exchange: 9, ready: false)
            let answer = try await eventually("the books are ready and the rules are not") {
                let answer = try await process.client.send(.get, "/health/ready")
                let accounts = try await floor.count("accounts")
                return accounts == 2 && answer.text.contains(#""name":"instruments""#) ? answer : nil
            }
            #expect(answer.status == 503)
            #expect(try await process.program.terminate() == 0)
        }
    }

    private func expectOnce(_ floor: Floor, orders: Int) async throws {
        #expect(try await floor.count("decisions") == orders)
        #expect(try await floor.count("orders WHERE state = 'approved'") == orders)
        #expect(try await floor.count("events WHERE type = 'order.approved'") == orders)
    }

    private func expectReadable(_ floor: Floor, _ expected: Int) async throws {
        let database = floor.database.connect(.execution, poolSize: 2)
        let reader = EventReader(
            database: database, settings: .init(consumer: "execution", types: [OrderApproved.type]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let read = try await reader.drain { event, _ in _ = try event.envelope(of: OrderApproved.self) }
        #expect(read == expected)
        await database.close()
    }
}
