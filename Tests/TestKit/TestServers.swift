package import Foundation

/// Real PostgreSQL, PgBouncer and Redis for tests: the shared set that `ops/test` starts, or a private one to be killed.
package struct TestServers: Sendable {
    package let folder: URL
    package let host: String
    package let postgresPort: Int
    package let pgbouncerPort: Int
    package let redisPort: Int
    /// Of the superuser `postgres`.
    package let postgresPassword: String
    package let redisPassword: String

    /// The servers are not there.
    package struct Missing: Error, CustomStringConvertible {
        package let variable: String
        package var description: String {
            "\(variable) is not set: run `ops/test`, or `ops/servers up DIR` and `. DIR/env`, before the tests"
        }
    }

    /// The set that every test may use and none may kill.
    package static func shared() throws -> TestServers { try TestServers(ProcessInfo.processInfo.environment) }

    /// A set of one's own: kill what you like, and call `down` at the end.
    package static func own() async throws -> TestServers {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plimsoll-servers-\(UUID().uuidString)")
        let script = Repository.root.appending(path: "ops/servers").path
        try await Command.require(script, ["up", folder.path])
        let text = try String(contentsOf: folder.appending(path: "env"), encoding: .utf8)
        var variables: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return try TestServers(variables)
    }

    /// The servers by the names that `ops/servers` knows.
    package enum Server: String, Sendable, CaseIterable {
        case postgres
        case pgbouncer
        case redis
    }

    /// kill -9. Only on a set of one's own.
    package func kill(_ server: Server) async throws { try await script("kill", server.rawValue) }

    /// Starts one again.
    package func start(_ server: Server) async throws { try await script("start", server.rawValue) }

    /// Stops its processes where they are: its sockets stay open, and nothing answers. Only on a set of one's own.
    package func freeze(_ server: Server) async throws { try await script("freeze", server.rawValue) }

    /// Lets a frozen one go on.
    package func thaw(_ server: Server) async throws { try await script("thaw", server.rawValue) }

    /// Stops all of them and removes their data.
    package func down() async throws {
        try await script("down")
        try FileManager.default.removeItem(at: folder)
    }

    /// Runs SQL as the superuser, directly on PostgreSQL, and gives what psql prints without headings.
    @discardableResult
    package func sql(_ statement: String, database: String = "postgres") async throws -> String {
        let arguments = [
            "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", String(postgresPort), "-U", "postgres",
            "-d",
            database, "-c", statement,
        ]
        let output = try await Command.require("psql", arguments, environment: ["PGPASSWORD": postgresPassword])
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private init(_ variables: [String: String]) throws {
        func value(_ name: String) throws -> String {
            guard let value = variables[name], !value.isEmpty else { throw Missing(variable: name) }
            return value
        }
        func port(_ name: String) throws -> Int {
            guard let port = Int(try value(name)) else { throw Missing(variable: name) }
            return port
        }
        folder = URL(filePath: try value("PLIMSOLL_TEST_SERVERS"))
        host = try value("PLIMSOLL_TEST_HOST")
        postgresPort = try port("PLIMSOLL_TEST_POSTGRES_PORT")
        pgbouncerPort = try port("PLIMSOLL_TEST_PGBOUNCER_PORT")
        redisPort = try port("PLIMSOLL_TEST_REDIS_PORT")
        postgresPassword = try value("PLIMSOLL_TEST_POSTGRES_PASSWORD")
        redisPassword = try value("PLIMSOLL_TEST_REDIS_PASSWORD")
    }

    private func script(_ command: String, _ arguments: String...) async throws {
        try await Command.require(
            Repository.root.appending(path: "ops/servers").path, [command, folder.path] + arguments)
    }
}
