import Foundation
import Outbound
import TestKit

/// The whole suite as an owner runs it: `ops/run --detach` on free ports, everything in a folder of its own.
struct Suite: Sendable {
    let folder: URL
    let ports: [String: Int]
    let environment: [String: String]

    /// Starts it and returns when every part is ready.
    ///
    /// - Throws: `Command.Failed` with what `ops/run` said.
    static func start(_ settings: [String: String] = [:]) async throws -> Suite {
        let name = "plimsoll-suite-\(UUID().uuidString)"
        let folder =
            ProcessInfo.processInfo.environment["PLIMSOLL_ACCEPTANCE_FOLDER"].map { URL(filePath: $0) }
            ?? FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder.path)
        var environment = settings
        environment["PLIMSOLL_VAR"] = folder.path
        environment["PORTS"] = "free"
        environment["PROGRAMS"] = URL(filePath: RunningProgram.product("plimsoll")).deletingLastPathComponent().path
        do {
            try await Command.require(script("run"), ["--detach"], environment: environment)
        } catch {
            _ = try? await Command.run(script("stop"), [], environment: environment)
            throw error
        }
        var ports: [String: Int] = [:]
        for line in try String(contentsOf: folder.appending(path: "ports"), encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2 { ports[String(parts[0])] = Int(parts[1]) }
        }
        return Suite(folder: folder, ports: ports, environment: environment)
    }

    /// Stops it, in order; the folder stays.
    func stop() async throws { try await Command.require(Self.script("stop"), [], environment: environment) }

    func port(_ name: String) throws -> Int {
        guard let port = ports[name] else { throw Unknown(name: name) }
        return port
    }

    func address(_ service: String, _ path: String) throws -> String {
        "http://127.0.0.1:\(try port(service))\(path)"
    }

    struct Unknown: Error { let name: String }

    // MARK: looking

    /// What PostgreSQL answers, asked as the superuser, one row a line and `|` between columns.
    func sql(_ statement: String) async throws -> String {
        let password = try String(contentsOf: folder.appending(path: "secrets/postgres-superuser"), encoding: .utf8)
        let arguments = [
            "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(try port("postgres")),
            "-U",
            "postgres", "-d", "plimsoll", "-c", statement,
        ]
        let output = try await Command.require("psql", arguments, environment: ["PGPASSWORD": password])
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A count that PostgreSQL answers.
    func count(_ statement: String) async throws -> Int { Int(try await sql(statement)) ?? -1 }

    /// The body of an HTTP answer; nil when there is none or its status is not 2xx.
    func get(_ service: String, _ path: String) async throws -> String? {
        let outcome = try await Command.run("curl", ["-sf", "-m", "5", try address(service, path)])
        return outcome.status == 0 ? outcome.output : nil
    }

    /// Sends a body and gives the answer, whatever its status.
    @discardableResult
    func post(_ service: String, _ path: String, _ body: String = "{}") async throws -> String {
        try await Command.require(
            "curl",
            [
                "-s", "-m", "30", "-X", "POST", "-H", "Content-Type: application/json", "-d", body,
                try address(service, path),
            ])
    }

    /// The operator's command line.
    func plimsoll(_ arguments: String...) async throws -> Command.Outcome {
        let sections = [
            "market-data": "MARKET_DATA", "strategy": "STRATEGY", "risk-manager": "RISK", "execution": "EXECUTION",
            "alerting": "ALERTING", "exchange-sim": "EXCHANGE_SIM",
        ]
        var settings = [
            "PLIMSOLL_DATABASE_PORT": String(try port("pgbouncer")), "PLIMSOLL_REDIS_PORT": String(try port("redis")),
            "PLIMSOLL_EXCHANGE_REST_URL": try address("exchange-sim", ""),
        ]
        for (service, section) in sections { settings["PLIMSOLL_\(section)_PORT"] = String(try port(service)) }
        return try await Command.run(
            RunningProgram.product("plimsoll"), arguments, environment: settings,
            folder: folder.appending(path: "place"))
    }

    // MARK: breaking

    /// kill -9 of a service; its supervisor starts it again.
    func kill(_ service: String) async throws {
        let pid = try child(service)
        try await Command.require("kill", ["-9", pid])
        _ = try await eventually("\(service) is started again", within: .seconds(60)) {
            // The file is absent for a moment.
            let next = try? child(service)
            return next != nil && next != pid ? true : nil
        }
    }

    /// Asks a service to stop, and gives its exit status and how long it took; its supervisor starts it again.
    func stop(_ service: String, _ signal: String) async throws -> (status: Int, took: Duration) {
        let before = try endings(service).count
        let asked = ContinuousClock.now
        try await Command.require("kill", ["-s", signal, try child(service)])
        let status = try await eventually("\(service) ends", within: .seconds(30)) {
            try endings(service).dropFirst(before).first
        }
        return (status, .now - asked)
    }

    /// The exit statuses of a service so far, as its supervisor wrote them down.
    private func endings(_ service: String) throws -> [Int] {
        try log(service).matches(of: try Regex("(?m)^\(service) ended with ([0-9]+)", as: (Substring, Substring).self))
            .compactMap { Int($0.output.1) }
    }

    private func child(_ service: String) throws -> String {
        try String(contentsOf: folder.appending(path: "run/\(service).child"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What a service has said since the start of the suite, as far as its log holds one file.
    func log(_ service: String) throws -> String {
        try String(contentsOf: folder.appending(path: "log/\(service).log"), encoding: .utf8)
    }

    /// Asks a service for its figures over and over, on one connection, until cancelled.
    func press(_ service: String) async throws {
        let client = HTTPClient()
        defer { client.close() }
        let request = HTTPRequest(.get, try address(service, "/metrics"), timeout: .seconds(2))
        while !Task.isCancelled {
            // The service is away for a while: that is the test.
            _ = try? await client.send(request)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// kill -9 of a server, and its start after a while.
    func bounce(_ server: String, downFor pause: Duration = .seconds(2)) async throws {
        try await servers("kill", server)
        // It is away for so long: that is the test.
        try await Task.sleep(for: pause)
        try await servers("start", server)
    }

    /// `ops/servers kill` or `start` of one server of this run.
    func servers(_ command: String, _ server: String) async throws {
        try await Command.require(
            Self.script("servers"), [command, folder.appending(path: "servers").path, server],
            environment: ["SECRETS": folder.appending(path: "secrets").path])
    }

    /// Waits until every service says it is ready.
    func awaitReady(within limit: Duration = .seconds(90)) async throws {
        for service in ["exchange-sim", "alerting", "market-data", "strategy", "risk-manager", "execution"] {
            _ = try await eventually("\(service) is ready", within: limit) {
                try await get(service, "/health/ready") == nil ? nil : true
            }
        }
    }

    private static func script(_ name: String) -> String { Repository.root.appending(path: "ops/\(name)").path }
}
