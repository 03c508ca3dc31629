import Bus
import Contracts
import Domain
import ExecutionCore
import Foundation
import Logging
import Outbound
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

/// The real programs: exchange-sim and execution as processes, on a database of their own, with prints on the bus.
final class Rig: Sendable {
    let database: TestDatabase
    let folder: URL
    let symbols: [Symbol]
    let venue: String
    let exchange: RunningProgram
    let risk: Database
    let client = HTTPClient()
    let bus: Bus
    private let muted = Mutex<Set<Symbol>>([])
    let ports: (exchange: Int, execution: Int, risk: Int)

    /// - Parameter venue: of the one account, `binance` or `paper`.
    init(_ database: TestDatabase, venue: String = "binance", commission: String = "quote") async throws {
        self.database = database
        self.venue = venue
        folder = FileManager.default.temporaryDirectory.appending(path: "rig-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Names of their own, since the bus is shared with whatever else runs.
        let tag = UUID().uuidString.prefix(4)
        symbols = [Make.symbol("E\(tag)AUSDT"), Make.symbol("E\(tag)BUSDT")]
        ports = (try Self.freePort(), try Self.freePort(), try Self.freePort())
        risk = database.connect(.riskManager, poolSize: 1)
        let servers = database.servers
        let settings = BusSettings(
            host: servers.host, port: Int32(servers.redisPort), password: servers.redisPassword)
        bus = Bus(settings, logger: Logger(label: "rig"))
        try await database.addAccount("main", cash: Make.money(100_000), venue: venue)
        try Self.write(folder, database, symbols, venue, commission, ports)
        exchange = try RunningProgram(
            RunningProgram.product("exchange-sim"),
            ["--config", folder.appending(path: "plimsoll.yaml").path, "--listen", "127.0.0.1:\(ports.exchange)"],
            log: folder.appending(path: "exchange.log"))
        bus.start()
    }

    private static func write(
        _ folder: URL, _ database: TestDatabase, _ symbols: [Symbol], _ venue: String, _ commission: String,
        _ ports: (exchange: Int, execution: Int, risk: Int)
    ) throws {
        let servers = database.servers
        for (name, text) in [("redis", servers.redisPassword), ("key", "a-key-for-tests"), ("secret", "a-secret")] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        let credentials = "api_key_file: \(folder.path)/key\n    api_secret_file: \(folder.path)/secret"
        try """
        http: {host: 127.0.0.1}
        database: {host: \(servers.host), port: \(servers.pgbouncerPort), name: \(database.name),
          password_file: '\(servers.folder.path)/secrets/postgres-{role}', pool_size: 4}
        redis: {host: \(servers.host), port: \(servers.redisPort), password_file: \(folder.path)/redis}
        exchange:
          name: binance
          rest_url: http://127.0.0.1:\(ports.exchange)
          websocket_url: ws://127.0.0.1:\(ports.exchange)
          symbols: [\(symbols.map(\.name).joined(separator: ", "))]
        strategy:
          instances:
            - id: momentum
              kind: momentum
              timeframe: 1m
              symbols: [\(symbols.map(\.name).joined(separator: ", "))]
              parameters: {fast: 2, slow: 5, atr: 14, stop_atr: 2, target_atr: 3}
        accounts:
          - id: main
            venue: \(venue)
            currency: USDT
            deposit: 0
            strategies: [momentum]
            \(venue == "binance" ? credentials : "")
        risk:
          port: \(ports.risk)
        execution:
          port: \(ports.execution)
          state_folder: \(folder.path)/state
          request_timeout: 1s
          receive_window: 1s
          order_notional_cap: 5000
          paper: {latency: 10ms, fee: 0.001, slippage: 0.0002}
        exchange_sim:
          port: \(ports.exchange)
          history: 60s
          commission: \(commission)
          deposit: 100000
          weight_limit: 1000000
          api_key_file: \(folder.path)/key
          api_secret_file: \(folder.path)/secret
        """.write(to: folder.appending(path: "plimsoll.yaml"), atomically: true, encoding: .utf8)
    }

    /// Starts execution; kill it at will.
    func execution() throws -> RunningProgram {
        try RunningProgram(
            RunningProgram.product("execution"), ["--config", folder.appending(path: "plimsoll.yaml").path],
            log: folder.appending(path: "execution.log"))
    }

    /// From the next start on execution is told of these markets only.
    func settings(name only: [Symbol]) throws {
        let file = folder.appending(path: "plimsoll.yaml")
        func line(_ symbols: [Symbol]) -> String { "symbols: [\(symbols.map(\.name).joined(separator: ", "))]" }
        try String(contentsOf: file, encoding: .utf8).replacing(line(symbols), with: line(only))
            .write(to: file, atomically: true, encoding: .utf8)
    }

    /// Waits until execution says it is ready.
    func ready(within limit: Duration = .seconds(30)) async throws {
        do {
            try await eventually("execution is ready", within: limit) {
                await self.get("http://127.0.0.1:\(self.ports.execution)/health/ready")?.status == 200 ? true : nil
            }
        } catch {
            let log = try String(contentsOf: folder.appending(path: "execution.log"), encoding: .utf8)
            Issue.record("execution is not ready: \(log.suffix(1500))")
            throw error
        }
    }

    func metrics() async -> String {
        await get("http://127.0.0.1:\(ports.execution)/metrics").map { String(decoding: $0.body, as: UTF8.self) } ?? ""
    }

    /// Tells the exchange to misbehave.
    func control(_ path: String) async throws {
        try await eventually("the exchange hears") {
            let answer = try? await self.client.send(
                HTTPRequest(.post, "http://127.0.0.1:\(self.ports.exchange)/control/\(path)"))
            return answer?.status == 200 ? true : nil
        }
    }

    func close() async throws {
        try await exchange.kill()
        await bus.close()
        await risk.close()
        try? FileManager.default.removeItem(at: folder)
    }

    func get(_ url: String) async -> HTTPResponse? { try? await client.send(HTTPRequest(.get, url)) }

    /// What the exchange says it holds.
    func there<Answer: Decodable>(_ name: String, as type: Answer.Type = Answer.self) async throws -> Answer {
        let answer = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(ports.exchange)/control/\(name)"))
        return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
    }

    /// Passes the exchange's prices on as market-data does, until cancelled.
    func publishPrices() async {
        var id: Int64 = 0
        while !Task.isCancelled {
            id += 1
            for symbol in symbols where !muted.withLock({ $0.contains(symbol) }) {
                guard let price = await price(of: symbol) else { continue }
                publish(price, of: symbol, id: id)
                publish(quote: price, of: symbol, id: id)
            }
            // Ten times a second; cancelled, the loop ends.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// From now on nobody publishes prints of `symbol`.
    func mute(_ symbol: Symbol) { muted.withLock { _ = $0.insert(symbol) } }

    func publish(_ price: Price, of symbol: Symbol, id: Int64) {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let print = Print(
            id: id, symbol: symbol, price: price, quantity: Make.quantity(1), aggressor: .buy, time: now)
        bus.publish(
            Envelope(
                id: "print-\(symbol)-\(id)", source: "rig", at: now, correlation: "", key: symbol.name,
                data: PrintBatch(symbol: symbol, prints: [print])), on: Channels.prints(symbol))
    }

    private func publish(quote price: Price, of symbol: Symbol, id: Int64) {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let quote = Quote(
            symbol: symbol, bid: price, bidQuantity: Make.quantity(1), ask: price, askQuantity: Make.quantity(1),
            time: now)
        bus.publish(
            Envelope(
                id: "quote-\(symbol)-\(id)", source: "rig", at: now, correlation: "", key: symbol.name,
                data: QuoteUpdate(quote: quote)), on: Channels.quotes(symbol))
    }

    func price(of symbol: Symbol) async -> Price? {
        struct Ticker: Decodable { let price: Price }
        guard
            let answer = await get(
                "http://127.0.0.1:\(ports.exchange)/api/v3/ticker/price?symbol=\(symbol.name)")
        else { return nil }
        return try? JSONDecoder().decode(Ticker.self, from: Data(answer.body)).price
    }

    /// Finds a port nobody listens on.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Foundation.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(bound)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
