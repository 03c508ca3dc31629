import Foundation
import StoreTestKit
import TestKit
import Testing

/// `plimsoll goal`, the program, with a risk-manager that runs.
@Suite struct GoalCommandTests {
    @Test(.timeLimit(.minutes(1)))
    func `a goal is created once and listed, and what is refused is told`() async throws {
        try await withTestDatabase { database in
            let folder = FileManager.default.temporaryDirectory.appending(path: "goal-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try Self.write(folder, database)
            let config = folder.appending(path: "plimsoll.yaml").path
            let service = try RunningProgram(
                RunningProgram.product("risk-manager"), ["--config", config, "--listen", "127.0.0.1:0"],
                log: folder.appending(path: "risk-manager.log"))
            let port = try await eventually("risk-manager listens", within: .seconds(20)) {
                try service.log().firstMatch(of: /"port":"(\d+)"/).map { String($0.1) }
            }
            try await eventually("the account is made", within: .seconds(20)) {
                try await database.servers.sql("SELECT count(*) FROM accounts", database: database.name) == "1"
                    ? true : nil
            }
            func goal(_ arguments: String...) async throws -> Command.Outcome {
                try await Command.run(
                    RunningProgram.product("plimsoll"), ["goal"] + arguments + ["--config", config],
                    environment: ["PLIMSOLL_SERVICES_RISK_MANAGER": "http://localhost:\(port)"])
            }
            let none = try await goal("list")
            #expect(none.status == 0 && none.output.contains("No goals."), "\(none.errors)")
            for _ in 0..<2 {
                let created = try await goal(
                    "create", "--account", "main", "--kind", "portfolio_value", "--target", "12000", "--deadline",
                    "2099-12-31", "--owner", "anna", "--operation", "once")
                #expect(created.status == 0 && created.output.contains("12,000.00"), "\(created.errors)")
            }
            let listed = try await goal("list", "--account", "main")
            #expect(listed.status == 0)
            let lines = listed.output.split(separator: "\n")
            #expect(lines.count == 2, "\(listed.output)")
            for word in ["main", "portfolio value", "12,000.00", "2099-12-31", "active", "anna"] {
                #expect(lines.last?.contains(word) == true, "\(word) in \(listed.output)")
            }
            let refused = try await goal(
                "create", "--account", "nobody", "--kind", "portfolio_value", "--target", "12000", "--deadline",
                "2099-12-31")
            #expect(refused.status != 0 && refused.errors.contains("risk-manager refused"), "\(refused.errors)")
            try await service.kill()
        }
    }

    private static func write(_ folder: URL, _ database: TestDatabase) throws {
        let servers = database.servers
        let redis = folder.appending(path: "redis")
        try servers.redisPassword.write(to: redis, atomically: true, encoding: .utf8)
        try """
        database: {host: \(servers.host), port: \(servers.pgbouncerPort), name: \(database.name),
          password_file: '\(servers.folder.path)/secrets/postgres-{role}'}
        redis: {host: \(servers.host), port: \(servers.redisPort), password_file: \(redis.path)}
        exchange: {rest_url: 'http://127.0.0.1:9', symbols: [BTCUSDT]}
        strategy: {instances: [{id: momentum}]}
        risk: {port: 8083}
        accounts:
          - {id: main, venue: paper, currency: USDT, deposit: 10000, strategies: [momentum]}
        """.write(to: folder.appending(path: "plimsoll.yaml"), atomically: true, encoding: .utf8)
    }
}
