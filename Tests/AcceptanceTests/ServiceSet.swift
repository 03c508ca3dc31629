import Bus
import Domain
import Foundation
import Logging
import Outbound
import Store
import StoreTestKit
import TestKit

/// The five services and the stand-in exchange as processes of their own, on given servers and a database of their own.
struct ServiceSet: Sendable {
    static let services = ["market-data", "strategy", "risk-manager", "execution", "alerting"]

    let servers: TestServers
    let database: TestDatabase
    let folder: URL
    let client = HTTPClient()

    /// - Parameter exchangePort: where the exchange will be.
    init(on servers: TestServers, exchangePort: Int, speed: Int = 1) async throws {
        self.servers = servers
        database = try await TestDatabase.make(on: servers)
        folder = try Scratch.folder()
        for (name, text) in [("redis", servers.redisPassword), ("key", "key"), ("secret", "secret")] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        try "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n".write(
            to: folder.appending(path: "alerting.yml"), atomically: true, encoding: .utf8)
        try settings(exchangePort: exchangePort, speed: speed).write(
            to: folder.appending(path: "plimsoll.yaml"), atomically: true, encoding: .utf8)
    }

    private func settings(exchangePort: Int, speed: Int) -> String {
        """
        database: {host: \(servers.host), port: \(servers.pgbouncerPort), name: \(database.name), \
        password_file: "\(servers.folder.path)/secrets/postgres-{role}"}
        redis: {host: \(servers.host), port: \(servers.redisPort), password_file: "\(folder.path)/redis"}
        exchange: {name: binance, rest_url: "http://127.0.0.1:\(exchangePort)", \
        websocket_url: "ws://127.0.0.1:\(exchangePort)", symbols: [BTCUSDT, ETHUSDT], weight_limit: 1000000}
        market_data: {port: 8081, stale_after: 2s, backfill: 2h, future_limit: 3650d}
        strategy:
          port: 8082
          instances:
            - {id: momentum, kind: momentum, timeframe: 1m, symbols: [BTCUSDT, ETHUSDT], \
        parameters: {fast: 2, slow: 5, atr: 14, stop_atr: 2, target_atr: 3}}
        risk: {port: 8083, entry_expiry: 10m, stale_price_after: 5m}
        accounts:
          - {id: main, venue: paper, currency: USDT, deposit: 10000, strategies: [momentum]}
        execution: {port: 8084, state_folder: "\(folder.path)/execution", order_notional_cap: 5000}
        alerting: {port: 8085, config_file: "\(folder.path)/alerting.yml", spool_folder: "\(folder.path)/spool"}
        exchange_sim: {port: \(exchangePort), mode: generator, speed: \(speed), trades_per_second: 2, history: 1d, \
        api_key_file: "\(folder.path)/key", api_secret_file: "\(folder.path)/secret", weight_limit: 1000000}
        """
    }

    /// Starts the five services.
    func startServices() async throws -> [String: (program: RunningProgram, port: Int)] {
        try await withThrowingTaskGroup(of: (String, (program: RunningProgram, port: Int)).self) { group in
            for service in Self.services { group.addTask { (service, try await start(service)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// A port that nobody has now.
    static func freePort() async throws -> Int {
        let script = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        let output = try await Command.require("/usr/bin/python3", ["-c", script])
        guard let port = Int(output.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw NoPort(said: output) }
        return port
    }

    struct NoPort: Error { let said: String }

    /// Starts a program and gives it with the port it listens on.
    func start(_ name: String, listen: String = "127.0.0.1:0") async throws -> (program: RunningProgram, port: Int) {
        let program = try RunningProgram(
            RunningProgram.product(name),
            ["--config", folder.appending(path: "plimsoll.yaml").path, "--listen", listen], folder: folder,
            log: folder.appending(path: "\(name).log"))
        let message = name == "exchange-sim" ? "\"exchange open\"" : "\"listening\""
        let port = try await eventually("\(name) listens", within: .seconds(60)) {
            try program.log().split(separator: "\n").last { $0.contains(message) }.flatMap(Self.port)
        }
        return (program, port)
    }

    private static func port(in line: Substring) -> Int? {
        line.range(of: "\"port\":\"").flatMap { Int(line[$0.upperBound...].prefix { $0.isNumber }) }
    }

    /// What a service answers.
    func get(_ path: String, port: Int) async throws -> (status: Int, body: String) {
        let response = try await client.send(
            HTTPRequest(.get, "http://127.0.0.1:\(port)\(path)", timeout: .seconds(10)))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// The names of the dependencies that a service says are there, and of those that it waits for.
    func dependencies(port: Int) async throws -> (status: Int, up: Set<String>, down: Set<String>) {
        struct Readiness: Decodable {
            struct Dependency: Decodable { let name: String, up: Bool }
            let dependencies: [Dependency]
        }
        let answer = try await get("/health/ready", port: port)
        let list = try JSONDecoder().decode(Readiness.self, from: Data(answer.body.utf8)).dependencies
        return (answer.status, Set(list.filter(\.up).map(\.name)), Set(list.filter { !$0.up }.map(\.name)))
    }

    /// The sum of a metric's series whose line contains all of `labels`.
    func metric(_ name: String, _ labels: [String], port: Int) async throws -> Double {
        let page = try await get("/metrics", port: port).body
        return page.split(separator: "\n").filter { line in
            (line.hasPrefix("\(name){") || line.hasPrefix("\(name) ")) && labels.allSatisfy { line.contains($0) }
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// A bus of the test's own.
    func bus() -> Bus {
        let bus = Bus(
            BusSettings(host: servers.host, port: Int32(servers.redisPort), password: servers.redisPassword),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        bus.start()
        return bus
    }
}
