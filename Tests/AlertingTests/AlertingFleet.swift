import Foundation
import Outbound
import Store
import StoreTestKit
import Synchronization
import TestKit

/// Several instances of the alerting program on one database, one webhook that all of them tell, and a load of posts.
final class AlertingFleet: Sendable {
    /// What the webhook was told.
    struct Told: Sendable {
        let id: String
        let names: [String]
        let repeated: Bool
        let firing: Bool
        let reason: String
        let receiver: String
    }

    let webhook: FixtureServer
    let folder: URL
    private let ports: [Int]
    private let arguments: [[String]]
    private let programs: Mutex<[RunningProgram?]>
    private let client = HTTPClient()
    private let posted = Mutex<Set<String>>([])

    /// - Parameters:
    ///   - redis: they hear the suite's events and heartbeats.
    ///   - more: of the file of routes, after the receiver; `WEBHOOK` is the port of the webhook.
    ///   - whole: all of that file instead.
    init(
        _ database: TestDatabase, instances: Int, groupBy: String = "alertname", redis: Bool = false,
        more: String = "", whole: String? = nil
    )
        async throws
    {
        let folder = try Scratch.folder()
        self.folder = folder
        let webhook = try await FixtureServer(
            "ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/webhook"])
        self.webhook = webhook
        let configuration = folder.appending(path: "alerting.yml")
        let usual = """
            route: {receiver: owner, group_by: [\(groupBy)], group_wait: 50ms, group_interval: 300ms, repeat_interval: 4h}
            receivers:
              - name: owner
                webhook_configs: [{url: 'http://127.0.0.1:\(webhook.port)/hook'}]
            \(more)
            """
        try (whole ?? usual).replacing("WEBHOOK", with: "\(webhook.port)")
            .write(to: configuration, atomically: true, encoding: .utf8)
        let servers = database.servers
        let settings = database.settings(.alerting)
        let address =
            "postgres://\(settings.user):\(settings.password)@\(settings.host):\(settings.port)/\(settings.database)"
        var ports: [Int] = []
        for _ in 0..<instances { ports.append(try await Self.freePort()) }
        self.ports = ports
        arguments = ports.enumerated().map { index, port in
            [
                "--config", configuration.path, "--spool-folder", "\(folder.path)/spool-\(index)",
                "--allow-private-receivers", "--database-url", address, "--listen", "127.0.0.1:\(port)",
            ] + (redis ? ["--redis-url", "redis://:\(servers.redisPassword)@127.0.0.1:\(servers.redisPort)"] : [])
        }
        programs = Mutex(Array(repeating: nil, count: instances))
    }

    /// Starts an instance; returns when it answers.
    func start(_ index: Int) async throws {
        let log = folder.appending(path: "alerting-\(index).log")
        let program = try RunningProgram(RunningProgram.product("alerting"), arguments[index], log: log)
        programs.withLock { $0[index] = program }
        try await eventually("instance \(index) is ready", within: .seconds(30)) {
            // Not listening yet.
            let answer = try? await client.send(HTTPRequest(.get, "http://127.0.0.1:\(ports[index])/-/ready"))
            return answer?.status == 200 ? true : nil
        }
    }

    /// kill -9.
    func kill(_ index: Int) async throws { try await programs.withLock { $0[index] }?.kill() }

    func stop() async throws {
        for program in programs.withLock({ $0 }) {
            if let program, program.isRunning { _ = try await program.terminate() }
        }
    }

    /// The instance that notifies; nil when none does.
    func leader() async throws -> Int? {
        for index in ports.indices {
            // A dead one does not lead. The line of its help begins with the same words.
            let page = try? await send(index, .get, "/metrics").text
            if page?.contains("\nplimsoll_alerting_leads 1\n") == true { return index }
        }
        return nil
    }

    func send(_ index: Int, _ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws
        -> HTTPResponse
    {
        try await client.send(
            HTTPRequest(
                method, "http://127.0.0.1:\(ports[index])\(path)", headers: [("Content-Type", "application/json")],
                body: Array(body.utf8)))
    }

    /// The names of alerts that some instance answered 200 for.
    var accepted: Set<String> { posted.withLock { $0 } }

    /// Posts one alert to each instance, as Prometheus does.
    func post(_ name: String) async {
        let body = Self.alert(name, ends: 3600)
        for index in ports.indices {
            // A dead instance takes nothing; that is what the test is about.
            if let answer = try? await send(index, .post, "/api/v2/alerts", "[\(body)]"), answer.status == 200 {
                posted.withLock { _ = $0.insert(name) }
            }
        }
    }

    static func alert(_ name: String, ends seconds: Double, severity: String = "critical", group: String = "") -> String
    {
        let format = ISO8601DateFormatter()
        let start = format.string(from: Date().addingTimeInterval(-60))
        let end = format.string(from: Date().addingTimeInterval(seconds))
        return """
            {"labels":{"alertname":"\(name)","severity":"\(severity)","group":"\(group)"},
            "annotations":{"summary":"\(name) is down"},"startsAt":"\(start)","endsAt":"\(end)"}
            """
    }

    /// Posts numbered alerts until the task is cancelled.
    func load(_ prefix: String, every pause: Duration) async {
        var number = 0
        while !Task.isCancelled {
            number += 1
            await post("\(prefix)-\(number)")
            // Cancelled: the loop ends.
            try? await Task.sleep(for: pause)
        }
    }

    /// All that the webhook was told, in order.
    func told() async throws -> [Told] {
        struct Kept: Decodable {
            let headers: [String: String]
            let body: String
        }
        struct Payload: Decodable {
            struct Alert: Decodable { let labels: [String: String] }
            let status: String
            let receiver: String
            let alerts: [Alert]
            let repeated: Bool?
            let notification_reason: String?
        }
        let response = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(webhook.port)/"))
        return try JSONDecoder().decode([Kept].self, from: Data(response.body)).map { kept in
            let payload = try JSONDecoder().decode(Payload.self, from: Data(kept.body.utf8))
            return Told(
                id: kept.headers.first { $0.key.lowercased() == "webhook-id" }?.value ?? "",
                names: payload.alerts.compactMap { $0.labels["alertname"] }, repeated: payload.repeated == true,
                firing: payload.status == "firing", reason: payload.notification_reason ?? "",
                receiver: payload.receiver)
        }
    }

    func log(_ index: Int) -> String {
        // Only shown when a test fails.
        (try? String(contentsOf: folder.appending(path: "alerting-\(index).log"), encoding: .utf8)) ?? ""
    }

    private static func freePort() async throws -> Int {
        let text = try await Command.require(
            "/usr/bin/python3",
            ["-c", "import socket; s=socket.socket(); s.bind(('127.0.0.1',0)); print(s.getsockname()[1])"])
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
}
