import Foundation
import Outbound
import StoreTestKit
import TestKit
import Testing

/// Alerting beside Debian's Alertmanager: the same configuration, the same traffic, the same words to the webhooks.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ReferenceTests {
    /// Every case has a route of its own, so that one run shows them all.
    private static let configuration = """
        global: {resolve_timeout: 3s}
        route:
          receiver: rest
          group_by: [alertname]
          group_wait: 1s
          group_interval: 2s
          repeat_interval: 1h
          routes:
            - {receiver: grouping, matchers: ['case="grouping"'], group_by: [team]}
            - {receiver: all, matchers: ['case="all"'], group_by: ['...']}
            - {receiver: again, matchers: ['case="repeat"'], repeat_interval: 3s}
            - {receiver: quiet, matchers: ['case="quiet"']}
            - {receiver: muted, matchers: ['case="muted"'], mute_time_intervals: [always]}
            - {receiver: inactive, matchers: ['case="inactive"'], active_time_intervals: [never]}
            - {receiver: active, matchers: ['case="active"'], active_time_intervals: [always], mute_time_intervals: [never]}
            - {receiver: first, matchers: ['case="continue"'], continue: true}
            - {receiver: second, matchers: ['case="continue"', 'instance=~"a|b"']}
            - {receiver: retried, matchers: ['case="retry"']}
            - receiver: parent
              match: {case: nested}
              routes: [{receiver: child, match_re: {instance: 'a.*'}, group_wait: 2s}]
            - {receiver: silenced, matchers: ['case="silence"']}
            - {receiver: inhibited, matchers: ['case="inhibit"'], group_by: [severity]}
            - {receiver: ending, matchers: ['case=~"resolve|timeout"'], group_by: [case]}
        inhibit_rules:
          - {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [alertname, case]}
        time_intervals:
          - {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}
          - {name: never, time_intervals: [{years: ['2001'], location: Europe/Berlin}]}
        receivers:
          - {name: rest, webhook_configs: [{url: SINK/rest}]}
          - {name: grouping, webhook_configs: [{url: SINK/grouping}, {url: SINK/grouping-too, max_alerts: 1}]}
          - {name: all, webhook_configs: [{url: SINK/all}]}
          - {name: again, webhook_configs: [{url: SINK/again}]}
          - {name: quiet, webhook_configs: [{url: SINK/quiet, send_resolved: false}]}
          - {name: muted, webhook_configs: [{url: SINK/muted}]}
          - {name: inactive, webhook_configs: [{url: SINK/inactive}]}
          - {name: active, webhook_configs: [{url: SINK/active}]}
          - {name: first, webhook_configs: [{url: SINK/first}]}
          - {name: second, webhook_configs: [{url: SINK/second}]}
          - {name: retried, webhook_configs: [{url: FLAKY/retried}]}
          - {name: parent, webhook_configs: [{url: SINK/parent}]}
          - {name: child, webhook_configs: [{url: SINK/child}]}
          - {name: silenced, webhook_configs: [{url: SINK/silenced}]}
          - {name: inhibited, webhook_configs: [{url: SINK/inhibited}]}
          - {name: ending, webhook_configs: [{url: SINK/ending}]}
        """

    @Test func `both tell the same, in the same order and at the same time`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(database, Self.configuration)
            try await traffic(pair)
            let (reference, own) = (try await pair.told(pair.reference), try await pair.told(pair.subject))
            #expect(reference.keys.sorted() == own.keys.sorted())
            for (key, expected) in reference.sorted(by: { $0.key < $1.key }) {
                compare(key, expected, own[key] ?? [])
            }
            // Among others: a muted, an inactive and a silenced group say nothing.
            #expect(Set(reference.keys.map { $0.split(separator: " ")[0] }).count == 14)
            try await listings(pair)
            try await pair.stop()
        }
    }

    /// Twelve seconds of everything: what is told follows from when it happens, so the pauses are the traffic itself.
    private func traffic(_ pair: SideBySide) async throws {
        try await pair.answer(#"{"status": 503}"#)
        let end = ISO8601DateFormatter().string(from: Date().addingTimeInterval(3600))
        try await pair.post(
            "/api/v2/silences",
            """
            {"matchers":[{"name":"case","value":"silence","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z",\
            "endsAt":"\(end)","createdBy":"me","comment":"why"}
            """)
        pair.begin()
        for name in ["repeat", "quiet", "muted", "inactive", "active", "retry", "silence", "resolve", "rest"] {
            try await pair.alerts(name, ["a"])
        }
        try await pair.alerts("continue", ["a", "b", "c"])
        try await pair.alerts("nested", ["a1", "b1"])
        try await pair.alerts("all", ["a", "b"])
        try await pair.alerts("grouping", ["a", "b"], labels: ["team": "x"])
        try await pair.alerts("grouping", ["c"], labels: ["team": "y"])
        try await pair.alerts("inhibit", ["source"], labels: ["severity": "critical"])
        try await pair.alerts("inhibit", ["target"], labels: ["severity": "warning"])
        try await pair.post("/api/v2/alerts", #"[{"labels":{"case":"timeout","alertname":"Down","instance":"a"}}]"#)
        // When what is posted is what the two are compared by, here and below.
        try await Task.sleep(for: .seconds(2))
        // News, a repeat that is no news, and an end that is told at the next round.
        try await pair.alerts("grouping", ["d"], labels: ["team": "x"])
        try await pair.alerts("grouping", ["a"], labels: ["team": "x"])
        try await pair.alerts("resolve", ["b"])
        try await pair.alerts("quiet", ["a"], resolved: true)
        try await pair.answer(#"{"status": 200}"#)
        try await Task.sleep(for: .seconds(4))
        try await pair.alerts("resolve", ["a"], resolved: true)
        try await pair.alerts("inhibit", ["source"], labels: ["severity": "critical"], resolved: true)
        try await pair.alerts("grouping", ["a", "b", "d"], labels: ["team": "x"], resolved: true)
        try await Task.sleep(for: .seconds(6))
    }

    private func compare(_ key: String, _ expected: [SideBySide.Told], _ found: [SideBySide.Told]) {
        var (expected, found) = (expected, found)
        if key.hasPrefix("/retried") {
            // How often a try fails differs; what arrives in the end does not.
            #expect(expected.last?.words == found.last?.words, "\(key): reference \(expected), alerting \(found)")
            return
        }
        if key.hasPrefix("/again") {
            // One reminder more or less at the very end is the clock's doing.
            let count = min(expected.count, found.count)
            #expect(count >= 2 && max(expected.count, found.count) - count <= 1, "\(expected) \(found)")
            (expected, found) = (Array(expected.prefix(count)), Array(found.prefix(count)))
        }
        #expect(expected.map(\.words) == found.map(\.words), "\(key): reference \(expected), alerting \(found)")
        for (left, right) in zip(expected, found) {
            #expect(abs(left.at - right.at) < 2, "\(key): reference at \(left), alerting at \(right)")
        }
    }

    /// What both answer to the same questions.
    private func listings(_ pair: SideBySide) async throws {
        for path in [
            "alerts", "alerts?filter=case%3D~%22a.*%22", "alerts?silenced=false", "alerts?inhibited=false",
            "alerts?active=false",
            "alerts?receiver=ending|first", "alerts/groups", "alerts/groups?receiver=grouping", "silences", "receivers",
            "silences?filter=case%3Dsilence", "silences?filter=case%3Dnone",
        ] {
            var answers: [String] = []
            for party in pair.parties {
                let response = try await pair.client.send(HTTPRequest(.get, "\(party.address)/api/v2/\(path)"))
                #expect(response.status == 200)
                answers.append(try normal(response.body))
            }
            #expect(answers[0] == answers[1], "\(path)")
        }
    }

    /// Without times, ids, and what only newer versions have.
    private func normal(_ body: [UInt8]) throws -> String {
        func strip(_ value: Any) -> Any {
            switch value {
            case let list as [Any]: return list.map(strip)
            case let map as [String: Any]:
                var result: [String: Any] = [:]
                for (key, value) in map
                where !["updatedAt", "startsAt", "endsAt", "id", "mutedBy", "routeLabels", "silencedBy"].contains(key) {
                    if key == "labels", (value as? [String: Any])?.isEmpty == true { continue }
                    result[key] = strip(value)
                }
                // 0.25 does not know that a time interval mutes a group.
                if (map["mutedBy"] as? [Any])?.isEmpty == false { result["state"] = "active" }
                return result
            default: return value
            }
        }
        let value = strip(try JSONSerialization.jsonObject(with: Data(body)))
        return String(
            decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .prettyPrinted]),
            as: UTF8.self)
    }

    @Test func `amtool finds no difference`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(database, Self.configuration)
            var outputs: [[String]] = []
            for party in pair.parties { outputs.append(try await session(party)) }
            for (left, right) in zip(outputs[0], outputs[1]) { #expect(left == right) }
            #expect(outputs[0].count == 17)
            #expect(outputs[0].joined().contains("first,second") && outputs[0].joined().contains("suppressed"))
            try await pair.stop()
        }
    }

    private func session(_ party: SideBySide.Party) async throws -> [String] {
        var shown: [String] = []
        func amtool(_ arguments: String...) async throws -> String {
            let outcome = try await Command.run("/usr/bin/amtool", ["--alertmanager.url=\(party.address)"] + arguments)
            shown.append(Self.normal("\(arguments.joined(separator: " ")): \(outcome.status)\n\(outcome.output)"))
            return outcome.output
        }
        _ = try await amtool(
            "alert", "add", "alertname=one", "severity=critical", "node=a", "--annotation=summary=hello")
        _ = try await amtool("alert", "add", "two", "case=continue", "instance=a")
        _ = try await amtool("alert", "query")
        _ = try await amtool("alert", "query", "severity=~crit.*")
        _ = try await amtool("alert", "query", "-o", "simple", "two")
        let silence = try await amtool(
            "silence", "add", "alertname=one", "node=~a|b", "-c", "why", "-a", "me", "-d", "1h")
        _ = try await amtool("silence", "query")
        _ = try await amtool("alert", "query", "--silenced")
        _ = try await amtool("alert", "query")
        let id = silence.trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try await amtool("silence", "update", id, "-d", "2h", "-c", "longer")
        _ = try await amtool("silence", "query", "alertname=one")
        _ = try await amtool("silence", "expire", id)
        _ = try await amtool("silence", "query", "--expired")
        _ = try await amtool("config", "routes")
        _ = try await amtool("config", "routes", "test", "case=continue", "instance=a")
        _ = try await amtool("config", "routes", "test", "--verify.receivers=child", "case=nested", "instance=a1")
        _ = try await amtool("silence", "add", "alertname=~(", "-c", "bad", "-a", "me")
        return shown
    }

    /// Ids and times differ between the two.
    private static func normal(_ text: String) -> String {
        text.replacing(/[0-9a-f]{8}-[0-9a-f-]{27}/, with: "ID")
            .replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/, with: "TIME")
    }

    @Test func `one slow webhook holds the reference up, and nobody here`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(
                database,
                """
                route: {receiver: both, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}
                receivers: [{name: both, webhook_configs: [{url: SINK/healthy}, {url: FLAKY/hung}]}]
                """)
            try await pair.answer(#"{"delay": 30}"#)
            pair.begin()
            try await pair.alerts("slow", ["a"])
            for party in pair.parties {
                try await eventually("\(party.name) tells of the first alert") {
                    try await pair.told(party).keys.contains { $0.hasPrefix("/healthy") } ? true : nil
                }
            }
            try await pair.alerts("slow", ["b"])
            func second(_ party: SideBySide.Party) async throws -> Double {
                try await eventually("\(party.name) tells of the second alert", within: .seconds(30)) {
                    try await pair.told(party).first { $0.key.hasPrefix("/healthy") }?.value
                        .first { $0.words.contains("b firing") }?.at
                }
            }
            let (own, reference) = (try await second(pair.subject), try await second(pair.reference))
            // The reference's flush waits 10 s for the hung one; group_interval later the news go out.
            #expect(own < 6 && reference > 9, "alerting after \(own) s, the reference after \(reference) s")
            try await pair.stop()
        }
    }

    @Test func `made-up requests get the reference's status`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(
                database, "{route: {receiver: none, group_by: [alertname], group_wait: 1h}, receivers: [{name: none}]}")
            let count = ProcessInfo.processInfo.environment["PLIMSOLL_TEST_FUZZ_COUNT"] ?? "4000"
            let outcome = try await Command.run(
                Repository.root.appending(path: "ops/fuzz-alerting").path,
                [
                    "--reference", "127.0.0.1:\(pair.reference.port)", "--subject", "127.0.0.1:\(pair.subject.port)",
                    "--count",
                    count, "--seed", "20261121",
                ])
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            #expect(pair.subject.program.isRunning)
            try await pair.stop()
        }
    }
}
