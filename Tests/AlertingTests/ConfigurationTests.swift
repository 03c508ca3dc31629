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
                  routes: [{receiver: all}]
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
        #expect(try #require(child.routes.first).groupBy == nil, "by every label is inherited too")
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

    @Test func `what stands in the file itself is a secret all the same, and is warned of`() throws {
        let file = try Scratch.folder().appending(path: "alertmanager.yml")
        try """
        global: {slack_api_url: 'https://hooks.example.com/canary-1', smtp_smarthost: 'mail:465', smtp_from: a@example.com,
          smtp_auth_username: x, smtp_auth_password: canary-2, telegram_bot_token: canary-3}
        route: {receiver: all}
        receivers:
          - name: all
            slack_configs: [{channel: '#alerts'}, {api_url: 'https://hooks.example.com/canary-4'},
              {app_token: canary-5, channel: C1, app_url: 'http://127.0.0.1:1/api/chat.postMessage'}]
            email_configs: [{to: owner@example.com}]
            telegram_configs: [{chat_id: 5}, {bot_token: canary-6, chat_id: -7, parse_mode: HTML}]
            webhook_configs:
              - {url: 'https://user:canary-7@example.com/canary-8?canary-9', http_config: {basic_auth: {username: u, password: canary-10}}}
              - {url: 'http://example.com:8080/', http_config: {bearer_token: canary-11}}
        """.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        let read = try ConfigurationReader.load(file.path, environment: [:], externalURL: "")
        #expect(
            read.destinations.map(\.channel.kind) == [
                "webhook", "webhook", "slack", "slack", "slack", "email", "telegram", "telegram",
            ])
        #expect(!read.original.contains("canary"), "\(read.original)")
        #expect(
            read.original.contains("http://example.com:8080/\n")
                && read.original.contains("https://example.com/<secret>"))
        #expect(read.secrets.count >= 10)
        #expect(!"\(read)".contains("canary"))
        #expect(
            read.warnings.count == 2 && read.warnings[0].contains("slack_configs[0].channel")
                && read.warnings[1].contains("others may read it (mode 644)"), "\(read.warnings)")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        let warnings = try ConfigurationReader.load(file.path, environment: [:], externalURL: "").warnings
        #expect(warnings.count == 2 && !warnings[1].contains("others"))
    }

    @Test func `times, inhibition, old matchers and units are read`() throws {
        let read = try ConfigurationReader(
            """
            route:
              receiver: a
              group_wait: 1m30s
              group_interval: 1h5m
              repeat_interval: 1w2d
              routes:
                - {match: {team: x}, match_re: {job: 'a|b'}, active_time_intervals: [day], mute_time_intervals: [odd]}
                - {receiver: a, matchers: ['{a="b", c!~"d"}', '"höhe"=1']}
            inhibit_rules:
              - {source_match: {severity: critical}, target_match_re: {severity: 'w.*'}, equal: [alertname]}
            mute_time_intervals:
              - {name: odd, time_intervals: [{years: ['2030'], months: ['january:march', '12'], days_of_month: ['1:5', '-3:-1']}]}
            time_intervals:
              - {name: day, time_intervals: [{times: [{start_time: 09:00, end_time: '17:30'}], weekdays: ['monday:friday'], location: Europe/Berlin}]}
            receivers: [{name: a}]
            """, file: "alertmanager.yml"
        ).read().book
        #expect(read.route.groupWait == .seconds(90) && read.route.groupInterval == .seconds(3900))
        #expect(read.route.repeatInterval == .days(9))
        #expect(read.route.routes[0].matchers.match(Labels(["team": "x", "job": "b"])))
        #expect(!read.route.routes[0].matchers.match(Labels(["team": "x", "job": "bc"])))
        #expect(read.route.routes[1].matchers.match(Labels(["a": "b", "höhe": "1"])))
        #expect(read.route.routes[0].activeIntervals == ["day"] && read.route.routes[0].muteIntervals == ["odd"])
        #expect(read.inhibitRules.map(\.equal) == [["alertname"]])
        // A Monday in winter: 9:30 in Berlin is 8:30 in Greenwich.
        let monday = Timestamp(seconds: 1_768_811_400)
        #expect(read.intervals["day"]?.contains { $0.contains(monday) } == true)
        #expect(read.intervals["day"]?.contains { $0.contains(monday - .minutes(60)) } == false)
    }

    @Test(arguments: [
        ("route: {receiver: a, group_by: [a, a]}", "twice"), ("route: {receiver: a, group_by: ['...', a]}", "alone"),
        ("route: {receiver: a, matchers: [a=b]}", "every alert"),
        ("route: {receiver: a, continue: true}", "nothing follows"),
        ("route: {receiver: a, mute_time_intervals: [x]}", "at any time"),
        ("route: {receiver: a, group_interval: 0s}", "group_interval"),
        ("route: {receiver: a, routes: [{active_time_intervals: [x]}]}", "no time interval is named x"),
        ("route: {receiver: a, labels: {x: y}}", "route.labels is not supported"),
        ("tracing: {endpoint: x}", "tracing is not supported"),
        ("time_intervals: [{name: x, time_intervals: [{times: [{start_time: '25:00', end_time: '24:00'}]}]}]", "25:00"),
        ("time_intervals: [{name: x, time_intervals: [{location: Nowhere/City}]}]", "no time zone"),
        ("templates: [/nowhere/x.tmpl]", "cannot be read"), ("global: {http_config: {proxy_url: x}}", "http_config"),
        ("global: {opsgenie_api_key: x}", "opsgenie_api_key is not supported"),
        ("global: {smtp_require_tls: false}", "never sent without TLS"),
        ("receivers: [{name: a}, {name: a}]", "two receivers"),
        ("receivers: [{name: a, pagerduty_configs: [{}]}]", "pagerduty_configs"),
        ("receivers: [{name: a, webhook_configs: [{}]}]", "url"),
        ("receivers: [{name: a, webhook_configs: [{url: ftp://x}]}]", "http://"),
        (
            "receivers: [{name: a, webhook_configs: [{url: 'http://x', http_config: {tls_config: {insecure_skip_verify: true}}}]}]",
            "tls_config"
        ),
        (
            "receivers: [{name: a, webhook_configs: [{url: 'http://x', http_config: {follow_redirects: true}}]}]",
            "never followed"
        ),
        (
            "receivers: [{name: a, slack_configs: [{api_url: 'http://x', title: '{{ reReplaceAll \"a\" \"b\" .Status }}'}]}]",
            "reReplaceAll"
        ),
        ("receivers: [{name: a, slack_configs: [{api_url: 'http://x', color: red}]}]", "color is not supported"),
        ("receivers: [{name: a, telegram_configs: [{bot_token: x, chat_id: 1, parse_mode: Markdown}]}]", "only HTML"),
        ("receivers: [{name: a, email_configs: [{to: nobody}]}]", "not a mail address"),
    ])
    func `what cannot be used is refused by name and line`(yaml: String, words: String) throws {
        let rest =
            (yaml.contains("route:") ? "" : "\nroute: {receiver: a}")
            + (yaml.contains("receivers:") ? "" : "\nreceivers: [{name: a}]")
        let found = try faults(yaml + rest)
        #expect(found.contains { $0.contains(words) && $0.contains("alerting.yml:1") }, "\(found)")
    }

    @Test func `templates of files are found, and named with their line`() throws {
        let folder = try Scratch.folder()
        try "{{ define \"own\" }}<{{ .Status }}>{{ end }}".write(
            to: folder.appending(path: "a.tmpl"), atomically: true, encoding: .utf8)
        let yaml = """
            route: {receiver: a}
            templates: ['\(folder.path)/*.tmpl']
            receivers: [{name: a, telegram_configs: [{bot_token: x, chat_id: 1, message: '{{ template "own" . }}'}]}]
            """
        let read = try ConfigurationReader(yaml, file: "alerting.yml").read()
        #expect(read.destinations[0].wording.text != nil)
        try "\n\n{{ end }}".write(to: folder.appending(path: "b.tmpl"), atomically: true, encoding: .utf8)
        #expect(try faults(yaml).contains { $0.contains("b.tmpl:3: end without a beginning") })
    }
}
