import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit

/// The alerting program as a process, with its sinks, on real servers.
final class AlertingProcess: Sendable {
    let folder: URL
    let port: Int
    let slack: FixtureServer
    let webhook: FixtureServer
    let mail: FixtureServer
    let client = HTTPClient()
    private let settingsFile: URL
    /// The command line without a settings file.
    private let standalone: [String]

    /// What a sink kept.
    struct Kept: Decodable {
        let at: Double
        let path: String
        let headers: [String: String]
        let body: String

        /// The notification's id; the same when it is told again.
        var id: String { headers.first { $0.key.lowercased() == "webhook-id" }?.value ?? "" }
    }

    /// The key of the page's one visitor.
    static let pageKey = "canary-page-0123456789abcdef"

    /// An alert whose group comes last in every round, see `settled`.
    private static let mark = "zz-mark"

    /// - Parameters:
    ///   - prometheus: the port of one that is asked for what was.
    ///   - more: settings of alerting.
    ///   - rules: more of the file of routes.
    init(
        _ database: TestDatabase, redisPort: Int? = nil, route: String = "group_wait: 100ms, group_interval: 300ms",
        prometheus: Int? = nil, more: String? = nil, rules: String = ""
    ) async throws {
        let folder = try Scratch.folder()
        self.folder = folder
        let certificate = try await TestCertificate(in: folder)
        func write(_ name: String, _ text: String) throws -> String {
            let file = folder.appending(path: name)
            try text.write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }
        let password = try write("mail-password", "canary-mail")
        let slack = try await FixtureServer("ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/slack"])
        let webhook = try await FixtureServer(
            "ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/webhook"])
        let mail = try await FixtureServer(
            "ops/sinks/smtp.py",
            [
                "--port", "0", "--file", folder.path + "/mail", "--cert", certificate.certificate, "--key",
                certificate.key, "--user", "plimsoll", "--password-file", password,
            ])
        (self.slack, self.webhook, self.mail) = (slack, webhook, mail)
        let slackFile = try write("slack-url", "http://127.0.0.1:\(slack.port)/services/canary-slack")
        let signing = try write("signing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let configuration = try write(
            "alerting.yml",
            """
            global:
              smtp_smarthost: localhost:\(mail.port)
              smtp_from: Plimsoll <alerts@example.com>
              smtp_auth_username: plimsoll
              smtp_auth_password_file: \(password)
              smtp_ca_file: \(certificate.certificate)
            route: {receiver: owner, group_by: [alertname], \(route)}
            receivers:
              - name: owner
                slack_configs: [{api_url_file: \(slackFile), send_resolved: true}]
                webhook_configs: [{url: 'http://127.0.0.1:\(webhook.port)/hook', signing_secret_file: \(signing)}]
                email_configs: [{to: owner@example.com, send_resolved: true}]
            \(rules)
            """)
        let settings = database.settings(.alerting)
        let databasePassword = try write("database-password", settings.password)
        let redisPassword = try write("redis-password", database.servers.redisPassword)
        standalone = [
            "--config", configuration, "--spool-folder", "\(folder.path)/spool", "--allow-private-receivers",
            "--database-url",
            "postgres://\(settings.user):\(settings.password)@\(settings.host):\(settings.port)/\(settings.database)",
            "--redis-url", "redis://:\(database.servers.redisPassword)@127.0.0.1:\(database.servers.redisPort)",
        ]
        let pageKeys = try write("page-keys", "# who and with what\nowner \(Self.pageKey)\n")
        port = try Self.freePort()
        settingsFile = URL(
            filePath: try write(
                "plimsoll.yaml",
                """
                database: {host: \(settings.host), port: \(settings.port), name: \(settings.database), password_file: \(databasePassword)}
                redis: {host: 127.0.0.1, port: \(redisPort ?? database.servers.redisPort), password_file: \(redisPassword)}
                alerting: {port: 8085, config_file: \(configuration), spool_folder: \(folder.path)/spool, page_keys_file: \(pageKeys), allow_private_receivers: true\(prometheus.map { ", prometheus_url: 'http://127.0.0.1:\($0)'" } ?? "")\(more.map { ", \($0)" } ?? "")}
                """))
    }

    /// Starts the program; returns when it answers.
    ///
    /// - Parameter alone: without a settings file.
    func start(alone: Bool = false) async throws -> RunningProgram {
        let arguments = alone ? standalone : ["--config", settingsFile.path]
        let program = try RunningProgram(
            RunningProgram.product("alerting"), arguments + ["--listen", "127.0.0.1:\(port)"],
            log: folder.appending(path: "alerting.log"))
        do {
            try await eventually("alerting is ready") {
                let answer = try? await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/-/ready"))
                return answer?.status == 200 ? true : nil
            }
        } catch {
            throw Unready(log: try program.log())
        }
        return program
    }

    struct Unready: Error { let log: String }

    /// Posts alerts as Prometheus does, and gives the status.
    @discardableResult
    func post(_ name: String, instance: String = "a", resolved: Bool = false) async throws -> Int {
        try await post(name, instances: [instance], resolved: resolved)
    }

    /// Several at once, as one round of them.
    @discardableResult
    func post(_ name: String, instances: [String], resolved: Bool) async throws -> Int {
        let now = Date()
        let format = ISO8601DateFormatter()
        let end = format.string(from: resolved ? now.addingTimeInterval(-1) : now.addingTimeInterval(240))
        let alerts = instances.map { instance in
            """
            {"labels":{"alertname":"\(name)","severity":"critical","instance":"\(instance)"},
            "annotations":{"summary":"\(name) <is> & down"},"startsAt":"\(format.string(from: now.addingTimeInterval(-60)))",
            "endsAt":"\(end)","generatorURL":"http://prometheus/graph"}
            """
        }
        return try await send(.post, "/api/v2/alerts", "[\(alerts.joined(separator: ","))]").status
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = "", type: String = "application/json"
    ) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                method, "http://127.0.0.1:\(port)\(path)", headers: [("Content-Type", type)],
                body: Array(body.utf8)))
    }

    /// How a sink answers from now on.
    func answer(_ sink: FixtureServer, _ json: String) async throws {
        _ = try await client.send(
            HTTPRequest(.put, "http://127.0.0.1:\(sink.port)/answer", body: Array(json.utf8)))
    }

    func kept(_ sink: FixtureServer) async throws -> [Kept] {
        let response = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(sink.port)/"))
        return try JSONDecoder().decode([Kept].self, from: Data(response.body)).filter { !$0.body.contains(Self.mark) }
    }

    /// The ids of what the webhook was told, each once, in order.
    func ids() async throws -> [String] {
        try await kept(webhook).map(\.id).reduce(into: []) { ids, id in if !ids.contains(id) { ids.append(id) } }
    }

    /// Returns when all that was due has been told: a mark is posted and ended, and its group and what is told of it come
    /// after those of the others. The sinks must answer.
    func settled() async throws {
        for (resolved, marks) in [(false, 1), (true, 2)] {
            try await post(Self.mark, resolved: resolved)
            try await eventually("what was due is told", within: .seconds(30)) {
                let all = try ["slack", "webhook", "mail"].allSatisfy { try lines($0).count(where: isMark) >= marks }
                return all ? true : nil
            }
        }
    }

    /// How many posts of alerts were answered.
    func posts() async throws -> Int {
        try await send(.get, "/metrics").text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasPrefix("plimsoll_http_requests_total"), line.contains("api/v2/alerts"), line.contains("POST")
            else { return sum }
            return sum + (line.split(separator: " ").last.flatMap { Int($0) } ?? 0)
        }
    }

    /// The mails as they came over the wire.
    func mails() throws -> [String] { try lines("mail").filter { !isMark($0) } }

    private func isMark(_ line: String) -> Bool { line.contains(Self.mark) }

    /// What a sink wrote down.
    private func lines(_ sink: String) throws -> [String] {
        let file = folder.appending(path: sink)
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    static func freePort() throws -> Int {
        let text = try Process.output(
            "/usr/bin/python3",
            ["-c", "import socket; s=socket.socket(); s.bind(('127.0.0.1',0)); print(s.getsockname()[1])"])
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
}

extension Process {
    fileprivate static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        process.waitUntilExit()
        return String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    }
}
