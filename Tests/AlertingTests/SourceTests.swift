import Bus
import Contracts
import Domain
import Foundation
import Logging
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
            let folder = alarm.folder
            let rules = folder.appending(path: "rules.yml")
            func write(_ expression: String) throws {
                try """
                groups:
                  - name: test
                    interval: 200ms
                    rules:
                      - {alert: Watchdog, expr: '\(expression)', labels: {severity: info}, annotations: {summary: It fires}}
                """.write(to: rules, atomically: true, encoding: .utf8)
            }
            try write("vector(1)")
            let configuration = folder.appending(path: "prometheus.yml")
            try """
            alerting: {alertmanagers: [{api_version: v2, static_configs: [{targets: ['127.0.0.1:\(alarm.port)']}]}]}
            rule_files: [\(rules.path)]
            """.write(to: configuration, atomically: true, encoding: .utf8)
            let prometheus = try RunningProgram(
                "/usr/bin/prometheus",
                [
                    "--config.file=\(configuration.path)", "--storage.tsdb.path=\(folder.path)/tsdb",
                    "--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=1s",
                ], log: folder.appending(path: "prometheus.log"))
            try await eventually("the alert is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).first?.body.contains("Watchdog") == true ? true : nil
            }
            try write("vector(1) > 2")
            _ = kill(prometheus.processIdentifier, SIGHUP)
            try await eventually("its end is told", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).last?.body.contains(#""status":"resolved""#) == true ? true : nil
            }
            try await Task.sleep(for: .seconds(3))
            let told = try await alarm.kept(alarm.webhook)
            #expect(told.count == 2, "what Prometheus repeats is no news: \(told.map { "\($0.at) \($0.body)" })")
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
                    kind: "emergency_stop", severity: "critical", summary: "Trading was stopped",
                    description: "by the owner", labels: ["account": "main"]))
            try await eventually("it is told, though the bell rings again and again", within: .seconds(20)) {
                bus.publish(event, on: Channels.suiteEvents)
                try await Task.sleep(for: .milliseconds(200))
                return try await alarm.kept(alarm.webhook).contains { $0.body.contains(id) } ? true : nil
            }
            try await Task.sleep(for: .seconds(2))
            #expect(try await alarm.kept(alarm.webhook).filter { $0.body.contains(id) }.count == 1)
            await bus.close()
            _ = try await program.terminate()
        }
    }
}
