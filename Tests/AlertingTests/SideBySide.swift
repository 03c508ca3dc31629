import Foundation
import Outbound
import Store
import StoreTestKit
import Synchronization
import TestKit

/// Debian's Alertmanager and alerting with the same configuration, each telling a sink of its own.
final class SideBySide: Sendable {
    /// One of the two.
    struct Party: Sendable {
        let name: String
        /// Of its files.
        let folder: URL
        let port: Int
        let sink: FixtureServer
        /// Hangs, or answers 5xx, when told to.
        let flaky: FixtureServer
        let program: RunningProgram

        var address: String { "http://127.0.0.1:\(port)" }
    }

    /// What a webhook received, without what must differ.
    struct Told: Sendable, Equatable, CustomStringConvertible {
        let path: String
        let group: String
        /// `firing` or `resolved`, then the alerts with their status, in their order.
        let words: String
        /// Seconds since the traffic began.
        let at: Double

        var description: String { "\(String(format: "%.1f", at)) \(words)" }
    }

    private struct Payload: Decodable {
        struct Alert: Decodable {
            let status: String
            let labels: [String: String]
        }
        let status: String
        let receiver: String
        let groupKey: String
        let groupLabels: [String: String]
        let commonLabels: [String: String]
        let commonAnnotations: [String: String]
        let alerts: [Alert]
    }

    let reference: Party
    let subject: Party
    let client = HTTPClient()
    private let began: Mutex<Double>

    var parties: [Party] { [reference, subject] }

    /// - Parameter configuration: `SINK` and `FLAKY` stand for the addresses of the party's sinks.
    init(_ database: TestDatabase, _ configuration: String) async throws {
        reference = try await Self.party("alertmanager", configuration) { file, port, folder in
            (
                "/usr/bin/prometheus-alertmanager",
                [
                    "--config.file=\(file)", "--storage.path=\(folder)/data", "--cluster.listen-address=",
                    "--web.listen-address=127.0.0.1:\(port)",
                ]
            )
        }
        let settings = database.settings(.alerting)
        subject = try await Self.party("alerting", configuration) { file, port, folder in
            (
                RunningProgram.product("alerting"),
                [
                    "--config", file, "--listen", "127.0.0.1:\(port)", "--spool-folder", "\(folder)/spool",
                    "--allow-private-receivers", "--database-url",
                    "postgres://\(settings.user):\(settings.password)@\(settings.host):\(settings.port)/\(settings.database)",
                ]
            )
        }
        began = Mutex(Date().timeIntervalSince1970)
        for party in parties {
            try await eventually("\(party.name) is ready", within: .seconds(30)) {
                let answer = try? await client.send(HTTPRequest(.get, "\(party.address)/-/ready"))
                return answer?.status == 200 ? true : nil
            }
        }
    }

    private static func party(
        _ name: String, _ configuration: String, _ command: (String, Int, String) -> (String, [String])
    ) async throws -> Party {
        let folder = try Scratch.folder()
        func sink(_ name: String) async throws -> FixtureServer {
            try await FixtureServer("ops/sinks/webhook.py", ["--port", "0", "--file", "\(folder.path)/\(name)"])
        }
        let (sink, flaky) = (try await sink("kept"), try await sink("flaky"))
        let file = folder.appending(path: "alertmanager.yml")
        try configuration.replacing("SINK", with: "http://127.0.0.1:\(sink.port)")
            .replacing("FLAKY", with: "http://127.0.0.1:\(flaky.port)").write(
                to: file, atomically: true, encoding: .utf8)
        let port = try AlertingProcess.freePort()
        let (program, arguments) = command(file.path, port, folder.path)
        return Party(
            name: name, folder: folder, port: port, sink: sink, flaky: flaky,
            program: try RunningProgram(program, arguments, log: folder.appending(path: "log")))
    }

    /// From now on the clock of `Told.at` runs.
    func begin() { began.withLock { $0 = Date().timeIntervalSince1970 } }

    /// Posts to both at the same moment.
    @discardableResult
    func post(_ path: String, _ body: String) async throws -> [HTTPResponse] {
        try await withThrowingTaskGroup(of: (Int, HTTPResponse).self) { group in
            for (place, party) in parties.enumerated() {
                group.addTask { [client] in
                    let request = HTTPRequest(
                        .post, party.address + path, headers: [("Content-Type", "application/json")],
                        body: Array(body.utf8))
                    return (place, try await client.send(request))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Alerts of one case, firing for as long as the test lasts, or ended just now.
    func alerts(_ name: String, _ instances: [String], labels: [String: String] = [:], resolved: Bool = false)
        async throws
    {
        let format = ISO8601DateFormatter()
        let now = Date()
        let end = format.string(from: resolved ? now.addingTimeInterval(-1) : now.addingTimeInterval(600))
        let start = format.string(from: resolved ? now.addingTimeInterval(-3) : now)
        let all = instances.map { instance -> [String: Any] in
            let own = ["alertname": "Down", "case": name, "instance": instance]
            return [
                "labels": own.merging(labels) { $1 }, "annotations": ["summary": "\(instance) is down"],
                "startsAt": start,
                "endsAt": end,
            ]
        }
        try await post(
            "/api/v2/alerts", String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self))
    }

    /// How both sinks that can fail answer from now on.
    func answer(_ json: String) async throws {
        for party in parties {
            _ = try await client.send(
                HTTPRequest(.put, "http://127.0.0.1:\(party.flaky.port)/answer", body: Array(json.utf8)))
        }
    }

    /// What a party's webhooks were told, by path and group, each in order of time.
    func told(_ party: Party) async throws -> [String: [Told]] {
        var all: [Told] = []
        for sink in [party.sink, party.flaky] {
            let response = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(sink.port)/"))
            for kept in try JSONDecoder().decode([AlertingProcess.Kept].self, from: Data(response.body)) {
                let payload = try JSONDecoder().decode(Payload.self, from: Data(kept.body.utf8))
                let alerts = payload.alerts.map { "\($0.labels["instance"] ?? "") \($0.status)" }
                let common =
                    payload.commonLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    + payload.commonAnnotations.values.sorted()
                all.append(
                    Told(
                        path: kept.path, group: payload.groupKey,
                        words:
                            "\(payload.status) to \(payload.receiver): \(alerts) \(common) \(payload.groupLabels.keys.sorted())",
                        at: kept.at - began.withLock { $0 }))
            }
        }
        return Dictionary(grouping: all.sorted { $0.at < $1.at }) { "\($0.path) \($0.group)" }
    }

    func stop() async throws {
        _ = try await subject.program.terminate()
        _ = try await reference.program.terminate()
    }
}
