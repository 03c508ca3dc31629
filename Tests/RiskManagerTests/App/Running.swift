import Bus
import Contracts
import Domain
import Foundation
import Logging
import Outbound
import ServiceKit
import Store
import StoreTestKit
import TestKit

@testable import RiskManagerApp

extension Floor {
    /// The settings as the service reads them, with the secrets in a folder of the test's own.
    func settings(restURL: String = "http://127.0.0.1:9", folder: URL) throws -> String {
        let redis = folder.appending(path: "redis")
        try database.servers.redisPassword.write(to: redis, atomically: true, encoding: .utf8)
        let secrets = database.servers.folder.appending(path: "secrets").path
        return """
            database: {host: \(database.servers.host), port: \(database.servers.pgbouncerPort), name: \(database.name), \
            password_file: "\(secrets)/postgres-{role}"}
            redis: {host: \(database.servers.host), port: \(database.servers.redisPort), password_file: \(redis.path)}
            exchange: {rest_url: "\(restURL)", symbols: [\(symbols.map(\.name).joined(separator: ", "))]}
            strategy: {instances: [{id: \(strategy)}]}
            risk: {port: 8083, limits: {open_positions: 100}}
            accounts:
              - {id: main, venue: paper, currency: USDT, deposit: 10000, strategies: [\(strategy)]}
              - {id: other, venue: paper, currency: USDT, deposit: 5000, strategies: []}
            """
    }

    /// Runs the service in this process on a free port while `body` runs.
    func whileRunning(_ body: (Client) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "risk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rules = instruments
        let service = try await HostedService(
            "risk-manager", settings: try Settings(yaml: try settings(folder: folder)), listen: .anyLoopback,
            sink: LogLines()
        ) { context, api in
            Build(context, api, RiskSettings(context.reader), instruments: { _ in rules }).services
        }
        let running = Task { try await service.run() }
        let outcome: Result<Void, any Error>
        do {
            let client = Client(port: try await service.port)
            try await client.untilReady()
            outcome = .success(try await body(client))
        } catch {
            outcome = .failure(error)
        }
        running.cancel()
        _ = await running.result
        try outcome.get()
    }

    /// A bus of the test's own, as another service has it.
    func withBus(_ body: (Bus) async throws -> Void) async throws {
        let bus = Bus(
            BusSettings(
                host: database.servers.host, port: Int32(database.servers.redisPort),
                password: database.servers.redisPassword),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        bus.start()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(bus)) } catch { outcome = .failure(error) }
        await bus.close()
        try outcome.get()
    }

    /// Says a price on the bus, as market-data does.
    func say(_ price: Price, of symbol: Symbol, at time: Timestamp, on bus: Bus) {
        let made = Print(id: 1, symbol: symbol, price: price, quantity: quantity("1"), aggressor: .buy, time: time)
        bus.publish(
            Envelope(
                id: "p", source: "test", at: time, correlation: "", key: symbol.name,
                data: PrintBatch(symbol: symbol, prints: [made])), on: Channels.prints(symbol))
    }

    func say(_ signal: Signal, on bus: Bus) {
        bus.publish(
            Envelope(
                id: signal.id, source: "strategy", at: signal.candleClose, correlation: signal.id,
                key: signal.symbol.name, data: SignalRaised(signal: signal)), on: Channels.signals)
    }

    /// As a strategy does: says it until it is in the books.
    func raise(_ signal: Signal, on bus: Bus, within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(signal.id) is decided", within: limit) {
            for symbol in symbols { say(price("100"), of: symbol, at: close - .seconds(1), on: bus) }
            say(signal, on: bus)
            // Said again only now and then, as a strategy would.
            try await Task.sleep(for: .milliseconds(30))
            return try await count("decisions WHERE signal_id = '\(signal.id)' AND account = 'main'") == 1 ? true : nil
        }
    }
}

/// Speaks HTTP to a service under test.
struct Client: Sendable {
    let port: Int
    private let http = HTTPClient()

    init(port: Int) { self.port = port }

    struct Answer: Sendable {
        let status: Int
        let type: String
        let text: String
        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
            try JSONDecoder().decode(type, from: Data(text.utf8))
        }
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws -> Answer {
        try await send(method, path, bytes: Array(body.utf8))
    }

    func send(_ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]) async throws -> Answer {
        let response = try await http.send(
            HTTPRequest(
                method, "http://127.0.0.1:\(port)\(path)", headers: [("Content-Type", "application/json")],
                body: bytes, timeout: .seconds(20)))
        return Answer(
            status: response.status, type: response.header("Content-Type") ?? "",
            text: String(decoding: response.body, as: UTF8.self))
    }

    func untilReady() async throws {
        try await eventually("the service is ready", within: .seconds(20)) {
            try await send(.get, "/health/ready").status == 200 ? true : nil
        }
    }
}
