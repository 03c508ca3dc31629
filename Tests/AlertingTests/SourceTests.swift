import Bus
import Contracts
import Domain
import Foundation
import Logging
import Outbound
import StoreTestKit
import TestKit
import Testing

/// Where alerts come from: a real Prometheus, and the suite's own events.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SourceTests {
    @Test func `a real Prometheus is understood, from the first post to the end`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start(alone: true)
            let source = try await Switch(in: alarm.folder)
            let prometheus = try source.prometheus(postingTo: alarm.port)
            let repeats = "what Prometheus repeats arrives"
            try await eventually("the alert is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).first?.body.contains("SwitchedOn") == true ? true : nil
            }
            let posts = try await alarm.posts()
            try await eventually(repeats, within: .seconds(20)) { try await alarm.posts() > posts ? true : nil }
            try source.turnOff()
            try await eventually("its end is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).last?.body.contains(#""status":"resolved""#) == true ? true : nil
            }
            let more = try await alarm.posts()
            // The first of them may have been under way; the round after the second has seen both.
            try await eventually(repeats, within: .seconds(20)) { try await alarm.posts() > more + 1 ? true : nil }
            try await alarm.settled()
            // Others' events come over the shared Redis.
            let told = try await alarm.kept(alarm.webhook).filter { $0.body.contains("SwitchedOn") }
            #expect(
                told.count == 2, "what Prometheus repeats is no news: \(told.map { "\($0.at) \($0.id) \($0.body)" })")
            _ = try await prometheus.terminate()
            #expect(try await program.terminate() == 0)
        }
    }

    @Test func `killed between a real Prometheus's posts, it tells the start once and the end once`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            var program = try await alarm.start(alone: true)
            let source = try await Switch(in: alarm.folder)
            let prometheus = try source.prometheus(postingTo: alarm.port)
            try await eventually("the alert is kept", within: .seconds(30)) {
                try await alarm.send(.get, "/api/v2/alerts").text.contains("SwitchedOn") ? true : nil
            }
            try await program.kill()
            program = try await alarm.start(alone: true)
            try await eventually("the alert is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).contains { $0.body.contains("SwitchedOn") } ? true : nil
            }
            let posts = try await alarm.posts()
            try await eventually("Prometheus repeats it", within: .seconds(30)) {
                try await alarm.posts() > posts ? true : nil
            }
            // Its end comes while nobody listens: Prometheus says it again later.
            try await program.kill()
            try source.turnOff()
            try await eventually("Prometheus could not post", within: .seconds(30)) {
                try prometheus.log().contains("Error sending alert") ? true : nil
            }
            program = try await alarm.start(alone: true)
            try await eventually("its end is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).last?.body.contains(#""status":"resolved""#) == true ? true : nil
            }
            try await alarm.settled()
            let told = try await alarm.kept(alarm.webhook).filter { $0.body.contains("SwitchedOn") }
            // One may be repeated with its id, when the kill fell between the sending and the note of it.
            let ids = Set(told.map(\.id))
            #expect(ids.count == 2, "\(told.map { "\($0.at) \($0.id) \($0.body)" })")
            _ = try await prometheus.terminate()
            #expect(try await program.terminate() == 0)
        }
    }

    @Test func `an event of the suite is told once, and has no end`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            let settings = BusSettings(
                host: "127.0.0.1", port: Int32(database.servers.redisPort), password: database.servers.redisPassword)
            let bus = Bus(settings, logger: Logger(label: "test"))
            bus.start()
            let id = "event-\(UUID().uuidString)"
            let event = Envelope(
                id: id, source: "risk-manager", at: Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9)),
                correlation: id, key: "main",
                data: SuiteEvent(
                    // Of a group of its own: Redis is shared with other tests.
                    kind: "emergency_stop_\(id)", severity: "critical", summary: "Trading was stopped",
                    description: "by the owner", labels: ["account": "main"]))
            try await eventually("it is told, though the bell rings again and again", within: .seconds(20)) {
                bus.publish(event, on: Channels.suiteEvents)
                // The bell's own pause, five times a second.
                try await Task.sleep(for: .milliseconds(200))
                return try await alarm.kept(alarm.webhook).contains { $0.body.contains(id) } ? true : nil
            }
            try await alarm.settled()
            #expect(try await alarm.kept(alarm.webhook).filter { $0.body.contains(id) }.count == 1)
            await bus.close()
            _ = try await program.terminate()
        }
    }
}

/// Something that is on or off, and a Prometheus that looks at it and says so for as long as it is on.
private struct Switch {
    private let folder: URL
    private let server: RunningProgram
    private let port: Int

    init(in folder: URL) async throws {
        let served = folder.appending(path: "switch")
        try FileManager.default.createDirectory(at: served, withIntermediateDirectories: true)
        try Data("switch 1\n".utf8).write(to: served.appending(path: "metrics"))
        let server = try RunningProgram(
            "/usr/bin/python3", ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", served.path],
            log: folder.appending(path: "switch.log"))
        port = try await eventually("the switch can be looked at") {
            try server.log().firstMatch(of: /port (\d+)/).flatMap { Int($0.1) }
        }
        (self.folder, self.server) = (folder, server)
    }

    func turnOff() throws {
        try Data("switch 0\n".utf8).write(to: folder.appending(path: "switch/metrics"), options: .atomic)
    }

    /// It says again every three seconds that the alert fires, and each time that it does so for twelve more: a machine
    /// that is busy for less long does not let the alert lapse.
    func prometheus(postingTo alerting: Int) throws -> RunningProgram {
        let rules = folder.appending(path: "rules.yml")
        try """
        groups:
          - name: test
            interval: 200ms
            rules:
              - {alert: SwitchedOn, expr: switch == 1, labels: {severity: info}, annotations: {summary: It is on}}
        """.write(to: rules, atomically: true, encoding: .utf8)
        let configuration = folder.appending(path: "prometheus.yml")
        try """
        alerting: {alertmanagers: [{api_version: v2, static_configs: [{targets: ['127.0.0.1:\(alerting)']}]}]}
        rule_files: [\(rules.path)]
        scrape_configs:
          - {job_name: switch, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{targets: ['127.0.0.1:\(port)']}]}
        """.write(to: configuration, atomically: true, encoding: .utf8)
        return try RunningProgram(
            "/usr/bin/prometheus",
            [
                "--config.file=\(configuration.path)", "--storage.tsdb.path=\(folder.path)/tsdb",
                "--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=3s",
            ], log: folder.appending(path: "prometheus.log"))
    }
}
