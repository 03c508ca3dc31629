import AlertingCore
import Domain
import Foundation
import TestKit
import Testing

@testable import AlertingApp

struct ConfigurationTests {
    private func secret(_ text: String) throws -> String {
        let file = try Scratch.folder().appending(path: "secret")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    private func faults(_ yaml: String) throws -> [String] {
        do {
            _ = try ConfigurationReader(yaml, file: "alerting.yml").read()
            return []
        } catch let error as ConfigurationError {
            return error.faults
        }
    }

    @Test func `a whole file is read, and children inherit`() throws {
        let yaml = """
            global:
              resolve_timeout: 2m
              smtp_smarthost: localhost:1025
              smtp_from: Plimsoll <alerts@example.com>
              smtp_auth_username: plimsoll
              smtp_auth_password_file: \(try secret("canary"))
            route:
              receiver: all
              group_by: [alertname, severity]
              group_wait: 1s
              repeat_interval: 1h
              routes:
                - receiver: money
                  matchers: ['severity="critical"', team=~"risk|exec.*"]
                  continue: true
                  group_by: ['...']
            receivers:
              - name: all
                email_configs: [{to: 'owner@example.com, other@example.com', send_resolved: true}]
              - name: money
                slack_configs: [{api_url_file: \(try secret("https://hooks.example.com/canary"))}]
                webhook_configs: [{url: 'http://127.0.0.1:9/x'}]
            """
        let read = try ConfigurationReader(yaml, file: "alerting.yml").read()
        #expect(read.destinations.map(\.name) == ["all/email/0", "money/webhook/0", "money/slack/0"])
        #expect(read.destinations.map(\.sendResolved) == [true, true, false])
        #expect(read.book.resolveTimeout == .seconds(120))
        let child = try #require(read.book.route.routes.first)
        #expect(child.groupWait == .seconds(1))
        #expect(child.repeatInterval == .seconds(3600))
        #expect(child.groupBy == nil)
        #expect(child.goesOn)
        #expect(!read.original.contains("canary"))
    }

    @Test func `what is not supported is refused by name and line`() throws {
        let found = try faults(
            """
            route:
              receiver: all
              group_wait: soon
              mute_time_intervals: [x]
              routes:
                - receiver: nobody
                  matchers: ['severity=~"(a"', 'foo']
            inhibit_rules: []
            receivers:
              - name: all
                pagerduty_configs: [{routing_key: x}]
                slack_configs: [{api_url: 'https://hooks.example.com/x'}]
            """)
        let text = found.joined(separator: "\n")
        for expected in ["group_wait", "nobody", "missing closing )", "foo", "mute_time_intervals"] {
            #expect(text.contains(expected), "\(expected) in \(text)")
        }
        let unknown = try faults(
            """
            route: {receiver: all}
            inhibit_rules: [{a: b}]
            receivers:
              - name: all
                pagerduty_configs: [{routing_key: x}]
            database: {host: x}
            """
        ).joined(separator: "\n")
        for expected in [
            "inhibit_rules[0].a is not supported", "pagerduty_configs is not supported", "alerting.yml:2",
            "alerting.yml:5", "database is not supported",
        ] {
            #expect(unknown.contains(expected), "\(expected) in \(unknown)")
        }
    }

    @Test func `the shipped file is good`() throws {
        let text = try String(contentsOf: Repository.root.appending(path: "config/alerting.yml"), encoding: .utf8)
        let usable = text.replacing(
            try Regex("smtp_auth_password_file: .*"), with: "smtp_auth_password_file: \(try secret("x"))")
        #expect(try faults(usable).isEmpty)
    }

    @Test func `pauses double, and a receiver's wish is obeyed`() {
        func pause(_ attempts: Int, after: Duration? = nil, age: Timestamp.Span = .seconds(0)) -> Double? {
            let (result, next) = RetryPolicy(attempts: attempts, age: age).outcome(
                .retry("x", after: after), now: .zero, jitter: 1)
            return result == .retry ? Double(next.nanoseconds) / 1e9 : nil
        }
        #expect([1, 2, 3, 7, 40].map { pause($0) } == [1, 2, 4, 60, 60])
        #expect(pause(1, after: .seconds(30)) == 30)
        #expect(pause(1, age: .seconds(7 * 3600)) == nil)
    }
}
