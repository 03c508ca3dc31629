import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// Alerting on its own, from an empty Postgres: two commands and one file.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct StandaloneTests {
    @Test func `a database is prepared and an alert is told, without the rest of the suite`() async throws {
        let servers = try TestServers.shared()
        let name = "alone_" + UUID().uuidString.lowercased().prefix(8)
        let url = "postgres://postgres:\(servers.postgresPassword)@\(servers.host):\(servers.postgresPort)/\(name)"
        let folder = try Scratch.folder()
        func migrate() async throws -> String {
            try await Command.require(
                RunningProgram.product("plimsoll"),
                ["migrate", "--database-url", url, "--secrets", folder.appending(path: "none").path])
        }
        #expect(try await migrate().contains("database created"))
        #expect(try await migrate().contains("up to date"))
        let sink = try await FixtureServer("ops/sinks/webhook.py", ["--port", "0", "--file", "\(folder.path)/kept"])
        let file = folder.appending(path: "alertmanager.yml")
        try """
        route: {receiver: all, group_wait: 0s}
        receivers: [{name: all, webhook_configs: [{url: 'http://127.0.0.1:\(sink.port)/hook'}]}]
        """.write(to: file, atomically: true, encoding: .utf8)
        let port = try AlertingProcess.freePort()
        let program = try RunningProgram(
            RunningProgram.product("alerting"),
            [
                "--config", file.path, "--listen", "127.0.0.1:\(port)", "--database-url", url, "--external-url",
                "http://alerting.example.com", "--spool-folder", "\(folder.path)/spool", "--allow-private-receivers",
            ], log: folder.appending(path: "log"))
        let client = HTTPClient()
        let log = folder.appending(path: "log")
        try await eventually("it is ready: \(log.path)", within: .seconds(30)) {
            let answer = try? await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/-/ready"))
            return answer?.status == 200 ? true : nil
        }
        let body = #"[{"labels":{"alertname":"Alone"}}]"#
        let answer = try await client.send(
            HTTPRequest(
                .post, "http://127.0.0.1:\(port)/api/v2/alerts", headers: [("Content-Type", "application/json")],
                body: Array(body.utf8)))
        #expect(answer.status == 200 && answer.body.isEmpty)
        try await eventually("it is told", within: .seconds(30)) {
            let kept = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(sink.port)/")).text
            return kept.contains("Alone") && kept.contains("alerting.example.com") ? true : nil
        }
        let arguments = try String(contentsOfFile: "/proc/\(program.processIdentifier)/cmdline", encoding: .utf8)
        #expect(!arguments.contains(servers.postgresPassword))
        #expect(!(try program.log()).contains(servers.postgresPassword))
        #expect(try await program.terminate() == 0)
        try await servers.sql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }
}
