import AlertingCore
import Domain
import Foundation
import ServiceKit
import TestKit
import Testing

@testable import AlertingApp

struct SuiteRulesTests {
    private func configuration(_ yaml: String) throws -> AlertingConfiguration {
        let head = """
            route: {receiver: chat}
            receivers:
              - {name: chat, webhook_configs: [{url: 'http://127.0.0.1:9/chat'}]}
              - {name: phone, webhook_configs: [{url: 'http://127.0.0.1:9/phone'}]}
              - {name: pager, webhook_configs: [{url: 'http://127.0.0.1:9/pager'}]}
              - {name: owner, webhook_configs: [{url: 'http://127.0.0.1:9/owner'}]}

            """
        return try ConfigurationReader(head + yaml, file: "alerting.yml").read()
    }

    @Test func `the section for what Alertmanager does not know is read`() throws {
        let read = try configuration(
            """
            plimsoll:
              events:
                - {matchers: [alertname=whale_trade], by: [symbol], cooldown: 10m, lasts: 90s, shown: 5}
                - {}
              flapping:
                - {matchers: [severity=warning], changes: 6, window: 30m, calm: 10m}
            """)
        let whale = EventRule(
            matchers: [try Matcher("alertname=whale_trade")], by: ["symbol"], cooldown: .minutes(10),
            lasts: .seconds(90), shown: 5)
        #expect(read.book.eventRules == [whale, EventRule()])
        #expect(
            read.book.flapRules == [
                FlapRule(
                    matchers: [try Matcher("severity=warning")], changes: 6, window: .minutes(30), calm: .minutes(10))
            ])
        #expect(!read.original.contains("plimsoll"))
    }

    @Test(arguments: [
        ("escalations: [{name: x, steps: [{wait: 1m, receivers: [nobody]}]}]", "nobody"),
        ("escalations: [{name: x}]", "steps"),
        ("urgency: [{money_at_risk: {label: x, at_least: much}}]", "at_least"),
    ])
    func `what is wrong with a chain is named`(line: String, name: String) throws {
        let reader = try Settings(yaml: line, file: "alerting.yml").reader
        _ = SuiteRulesReader(receivers: ["chat"]).escalation(reader)
        do throws(SettingsError) {
            _ = try reader.finish(knowing: [])
            Issue.record("\(line) was taken")
        } catch {
            #expect(error.faults.contains { $0.description.contains(name) }, "\(error.faults)")
        }
    }

    private func example(_ mark: String) throws -> AlertingConfiguration {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/alerting.md"), encoding: .utf8)
        let example = try #require(page.components(separatedBy: "<!-- example: \(mark) -->").dropFirst().first)
        let yaml = example.components(separatedBy: "```")[1].drop { $0 != "\n" }
        return try configuration(String(yaml))
    }

    @Test func `the examples of the page are read, and who is told next is what the page says`() throws {
        let occurrences = try example("occurrences")
        #expect(occurrences.book.eventRules.count == 1 && occurrences.book.flapRules.count == 1)
        let read = try example("escalation").escalation
        #expect(read.chains.map(\.name) == ["desk"] && read.urgency.count == 2)
        let chain = try #require(read.chains.first)
        #expect(chain.steps.map(\.receivers) == [["pager"], ["pager", "owner"]])
        #expect(chain.steps.map(\.wait) == [.minutes(5), .minutes(10)])
        #expect(chain.repeatInterval == .minutes(15) && chain.acknowledgedFor == .minutes(240))
        let now = Timestamp(seconds: 1_700_000_000)
        func urgency(_ labels: [String: String]) -> Urgency {
            EscalationBook(read).urgency(
                of: PostedAlert(labels: Labels(labels)).alert(at: now, resolveTimeout: .minutes(5)), at: now)
        }
        let rich = urgency(["alertname": "GoalAtRisk", "severity": "warning", "money_at_risk": "12500.50"])
        #expect(rich.severity == "critical" && rich.waitsPercent == 50 && rich.reasons == ["12500.5 at risk"])
        #expect(urgency(["alertname": "Other", "money_at_risk": "12500.50"]).reasons.isEmpty)
        // It is 2023-11-14.
        #expect(urgency(["alertname": "Other", "goal_date": "2023-11-20"]).waitsPercent == 20)
    }

    @Test func `who must not fall silent is read`() throws {
        let read = try example("dead man's switch")
        #expect(
            read.watch
                == DeadMansSwitch.Settings(
                    watchdogs: [
                        Watchdog(
                            name: "prometheus", matchers: [try Matcher("alertname=Watchdog")], within: .minutes(5),
                            severity: "critical")
                    ],
                    heartbeats: HeartbeatRule(
                        services: ["market-data", "strategy", "risk-manager", "execution"], within: .minutes(1),
                        severity: "critical")))
        #expect(read.dailyTest?.minute == 480 && read.dailyTest?.zone.name == "Europe/Berlin")
        for (yaml, problem) in [
            ("watchdogs: [{name: x, within: 1m}]", "fires always"), ("daily_test: {at: '25:00'}", "daily_test.at"),
            ("daily_test: {at: '08:00', location: Mars}", "no time zone"), ("heartbeats: {within: 1m}", "services"),
            ("daily_test: {at: '08:00', receivers: [none]}", "no receiver is named none"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try configuration("plimsoll: {\(yaml)}\n") }
            #expect(error?.description.contains(problem) == true, "\(yaml): \(error?.description ?? "taken")")
        }
    }

    @Test func `Slack's channel beside an incoming webhook is warned of by name and line`() throws {
        let text = """
            route: {receiver: chat}
            receivers:
              - name: chat
                slack_configs:
                  - api_url: https://hooks.slack.com/services/x
                    channel: '#alerts'
            """
        let read = try ConfigurationReader(text, file: "alertmanager.yml").read()
        let warning = try #require(read.warnings.first)
        #expect(warning.contains("alertmanager.yml:6") && warning.contains("slack_configs[0].channel"), "\(warning)")
    }

    @Test func `chains of escalation and what is urgent are read`() throws {
        let reader = try Settings(
            yaml: """
                urgency:
                  - matchers: ['alertname=~"Goal.*"']
                    money_at_risk: {label: money_at_risk, at_least: 10000}
                    goal_date: {label: goal_date, within: 7d}
                    severity: critical
                    waits_percent: 50
                escalations:
                  - name: desk
                    matchers: [severity=critical]
                    steps:
                      - {wait: 0s, receivers: [chat]}
                      - {wait: 5m, receivers: [chat, phone]}
                    repeat: 15m
                    acknowledged_for: 4h
                """, file: "alerting.yml"
        ).reader
        let read = SuiteRulesReader(receivers: ["chat", "phone"]).escalation(reader)
        _ = try reader.finish(knowing: [])
        #expect(
            read.urgency == [
                UrgencyRule(
                    matchers: [try Matcher("alertname=~\"Goal.*\"")],
                    moneyAtRisk: .init(label: "money_at_risk", atLeast: try Money("10000")),
                    goalDate: .init(label: "goal_date", within: .days(7)), severity: "critical", waitsPercent: 50)
            ])
        #expect(
            read.chains == [
                EscalationChain(
                    name: "desk", matchers: [try Matcher("severity=critical")],
                    steps: [
                        .init(wait: .seconds(0), receivers: ["chat"]),
                        .init(wait: .minutes(5), receivers: ["chat", "phone"]),
                    ], repeatInterval: .minutes(15), acknowledgedFor: .minutes(240))
            ])
    }

    @Test(arguments: [
        ("escalations: [{name: x}]", "steps"), ("flapping: [{changes: 1, window: 1m, calm: 1m}]", "changes"),
        ("events: [{matchers: ['a=~\"(\"']}]", "missing closing )"), ("events: [{cool: 1m}]", "cool"),
    ])
    func `what is wrong in it is refused by name`(line: String, name: String) throws {
        do {
            _ = try configuration("plimsoll:\n  \(line)\n")
            Issue.record("\(line) was taken")
        } catch let error as ConfigurationError {
            #expect(error.description.contains(name), "\(error)")
        }
    }
}
