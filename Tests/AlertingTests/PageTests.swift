import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// The page, as a browser asks for it.
@Suite(.timeLimit(.minutes(2)))
struct PageTests {
    /// A browser's share: a cookie, and the token that stands in every form.
    private struct Visit {
        let alarm: AlertingProcess
        var cookie = ""
        var formToken = ""

        func get(_ path: String) async throws -> HTTPResponse {
            try await alarm.client.send(
                HTTPRequest(
                    .get, "http://127.0.0.1:\(alarm.port)\(path)",
                    headers: cookie.isEmpty ? [] : [("Cookie", cookie)]))
        }

        func post(_ path: String, _ fields: [String: String], headers: [(name: String, value: String)] = [])
            async throws -> HTTPResponse
        {
            let body = fields.map { "\($0.key)=\(PageText.query($0.value))" }.joined(separator: "&")
            return try await alarm.client.send(
                HTTPRequest(
                    .post, "http://127.0.0.1:\(alarm.port)\(path)",
                    headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie)] + headers,
                    body: Array(body.utf8)))
        }

        mutating func logIn() async throws {
            let answer = try await post("/ui/login", ["key": AlertingProcess.pageKey])
            #expect(answer.status == 303)
            let header = try #require(answer.header("Set-Cookie"))
            #expect(header.contains("HttpOnly") && header.contains("SameSite=Strict"))
            cookie = String(header.prefix { $0 != ";" })
            let page = try await get("/ui/").text
            let start = try #require(page.range(of: "name=\"form_token\" value=\""))
            formToken = String(page[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    @Test func `nobody gets in without a key, and no form works that is not the page's own`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            var visit = Visit(alarm: alarm)
            for path in [
                "/ui/", "/ui/escalation", "/ui/silences", "/ui/channels", "/ui/deliveries", "/ui/routes",
                "/ui/thresholds",
                "/ui/thresholds/edit?name=event_backlog", "/ui/settings", "/ui/settings/alertmanager.yml",
            ] {
                let answer = try await visit.get(path)
                #expect(answer.status == 303 && answer.header("Location")?.hasPrefix("/ui/login") == true, "\(path)")
            }
            #expect(try await visit.post("/ui/silences/new", ["action": "create"]).status == 303)
            try await visit.logIn()
            let fields = ["matchers": "a=\"b\"", "minutes": "60", "comment": "x", "action": "create"]
            #expect(try await visit.post("/ui/silences/new", fields).status == 403)
            var forged = fields
            forged["form_token"] = String(repeating: "A", count: visit.formToken.count)
            #expect(try await visit.post("/ui/silences/new", forged).status == 403)
            forged["form_token"] = visit.formToken
            let elsewhere = try await visit.post(
                "/ui/silences/new", forged, headers: [("Sec-Fetch-Site", "cross-site")])
            #expect(elsewhere.status == 403)
            #expect(try await visit.get("/ui/silences").text.contains("There is none."))
            #expect(
                try await visit.get("/ui/").header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            let logout = try await visit.post("/ui/logout", [:])
            #expect(logout.status == 303)
            #expect(try await visit.get("/ui/").status == 303)
            // After the login comes what was asked for, and nothing of somebody else's.
            let asked = try await visit.get("/ui/thresholds/edit?name=event_backlog").header("Location")
            #expect(asked == "/ui/login?next=%2Fui%2Fthresholds%2Fedit%3Fname%3Devent%5Fbacklog")
            for (next, target) in [
                ("/ui/routes?labels=x", "/ui/routes?labels=x"), ("//evil.example/ui/", "/ui/"),
                ("https://evil.example/", "/ui/"), ("/ui/\\evil", "/ui/"), ("/ui/a\nb", "/ui/"),
            ] {
                let answer = try await visit.post("/ui/login", ["key": AlertingProcess.pageKey, "next": next])
                #expect(answer.status == 303 && answer.header("Location") == target, "\(next)")
            }
            let foreign = try await visit.post(
                "/ui/login", ["key": AlertingProcess.pageKey], headers: [("Sec-Fetch-Site", "cross-site")])
            #expect(foreign.status == 403 && foreign.header("Set-Cookie") == nil)
            // Guessing is slowed down; the answer says for how long.
            var statuses: Set<Int> = []
            for _ in 0..<15 { statuses.insert(try await visit.post("/ui/login", ["key": "guess"]).status) }
            #expect(statuses == [403, 429])
            #expect(try await program.terminate() == 0)
            #expect(!(try program.log()).contains("canary"))
        }
    }

    @Test func `alerts by group, acknowledged and silenced with a preview, and who was told`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            try await alarm.post("SourceDown")
            try await alarm.post("SourceDown", instance: "b")
            var visit = Visit(alarm: alarm)
            try await visit.logIn()
            let page = try await eventually("both are shown") {
                let page = try await visit.get("/ui/").text
                return page.contains("2 alerts in 1 group") ? page : nil
            }
            #expect(page.contains("SourceDown &lt;is&gt; &amp; down") && page.contains("next send at"))
            #expect(page.utf8.count < 100_000)
            let key = try #require(page.range(of: "name=\"subject\" value=\"")).upperBound
            let subject = String(page[key...].prefix { $0 != "\"" }).replacing("&quot;", with: "\"")
            let taken = try await visit.post(
                "/ui/acknowledge", ["form_token": visit.formToken, "kind": "group", "subject": subject])
            #expect(taken.status == 303)
            #expect(try await visit.get("/ui/").text.contains("Acknowledged: owner"))
            // Before the silence: whoever is silenced at once is never told of.
            let told = try await eventually("the log shows who was told") {
                let told = try await visit.get("/ui/deliveries").text
                return told.contains("SourceDown") ? told : nil
            }
            #expect(told.contains("Send again") && told.contains("delivered"))
            var fields = [
                "form_token": visit.formToken, "matchers": "alertname=\"SourceDown\"", "minutes": "60", "comment": "",
                "action": "preview",
            ]
            let preview = try await visit.post("/ui/silences/new", fields).text
            #expect(preview.contains("It mutes 2 of the alerts"))
            fields["action"] = "create"
            #expect(try await visit.post("/ui/silences/new", fields).status == 422)
            fields["comment"] = "I <know>"
            #expect(try await visit.post("/ui/silences/new", fields).status == 303)
            let silences = try await visit.get("/ui/silences").text
            #expect(
                silences.contains("I &lt;know&gt;") && silences.contains("2 alerts now") && silences.contains("owner"))
            #expect(try await visit.get("/ui/").text.contains("silenced"))
            let routes = try await visit.get("/ui/routes?labels=" + PageText.query("severity=\"critical\"")).text
            #expect(routes.contains("To <strong>owner</strong>"))
            #expect(try await program.terminate() == 0)
        }
    }

    @Test func `a thousand alerts: the first view is small and quick, what is worst and newest first`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            let format = ISO8601DateFormatter()
            let now = Date()
            let alerts = (0..<1000).map { number in
                let severity = number < 100 ? "critical" : number < 500 ? "warning" : "info"
                return """
                    {"labels":{"alertname":"Rule\(number / 10)","severity":"\(severity)","instance":"host-\(number).example.com:9100","service":"market-data","symbol":"BTCUSDT"},
                    "annotations":{"summary":"host-\(number) says nothing about BTCUSDT","description":"Market data is disconnected or stale. No entry is approved on stale prices.","runbook_url":"https://example.com/runbook#rule\(number)"},
                    "startsAt":"\(format.string(from: now.addingTimeInterval(Double(number % 100 - 4000))))",
                    "endsAt":"\(format.string(from: now.addingTimeInterval(3600)))"}
                    """
            }
            #expect(try await alarm.send(.post, "/api/v2/alerts", "[\(alerts.joined(separator: ","))]").status == 200)
            var visit = Visit(alarm: alarm)
            try await visit.logIn()
            let page = try await eventually("all are there") {
                let page = try await visit.get("/ui/").text
                return page.contains("1000 alerts in 100 groups") ? page : nil
            }
            let style = try await visit.get("/ui/page.css").text
            var times: [Duration] = []
            for _ in 0..<15 {
                times.append(try await ContinuousClock().measure { _ = try await visit.get("/ui/") })
            }
            let bytes = page.utf8.count + style.utf8.count
            print("the page with 1000 alerts: \(bytes) bytes with its style, \(times.sorted()[7]) each")
            #expect(bytes < 100_000)
            let next = try #require(page.firstMatch(of: /from=(\d+)">(\d+) more groups/))
            #expect(Int(next.1).map { $0 + (Int(next.2) ?? 0) } == 100)
            #expect(try await visit.get("/ui/?from=\(next.1)").text.contains("The first ones"))
            // Of the critical ones Rule9 holds the newest alert; no warning comes before the last of them.
            let shown = page.matches(of: /<section class="card ([a-z]*)" aria-label="(Rule\d+)"/).map {
                (severity: String($0.1), name: String($0.2))
            }
            #expect(shown.first?.name == "Rule9" && shown.count >= 20)
            #expect(shown.map(\.severity) == shown.map(\.severity).sorted())
            let critical = shown.filter { $0.severity == "critical" }.map(\.name)
            #expect(critical == (0..<10).reversed().map { "Rule\($0)" })
            // One group alone shows all of its alerts.
            #expect(
                try await visit.get("/ui/?filter=" + PageText.query("alertname=\"Rule0\"")).text.contains(
                    "10 alerts in 1 group"))
            #expect(try await program.terminate() == 0)
        }
    }

    @Test func `what is set can be taken away as files that the tools of Prometheus read`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            var visit = Visit(alarm: alarm)
            try await visit.logIn()
            let saved = try await visit.post(
                "/ui/thresholds/edit",
                [
                    "form_token": visit.formToken, "name": "drawdown", "value": "62.5", "checked": "0.625",
                    "base": "0", "comment": "calmer <days>", "action": "save",
                ])
            #expect(saved.status == 303)
            #expect(try await visit.get("/ui/settings").text.contains("calmer &lt;days&gt;"))
            // A program with a key needs no session.
            func file(_ name: String) async throws -> String {
                let answer = try await alarm.client.send(
                    HTTPRequest(
                        .get, "http://127.0.0.1:\(alarm.port)/ui/settings/\(name)",
                        headers: [("Authorization", "Bearer \(AlertingProcess.pageKey)")]))
                #expect(answer.header("Content-Disposition") == "attachment; filename=\"\(name)\"")
                let file = alarm.folder.appending(path: name)
                try Data(answer.body).write(to: file)
                #expect(!answer.text.contains("canary"))
                return file.path
            }
            let routing = try await file("alertmanager.yml")
            try await Command.require("/usr/bin/amtool", ["check-config", routing])
            #expect(try String(contentsOfFile: routing, encoding: .utf8).contains("# Drawdown: 62.5 % of the limit"))
            let rules = try await Command.require(
                "/usr/bin/promtool", ["check", "rules", try await file("thresholds.yml")])
            #expect(rules.contains("1 rules found"))
            let metrics = try await alarm.send(.get, "/metrics").text
            #expect(metrics.contains(#"plimsoll_alert_threshold{threshold="drawdown"} 0.625"#))
            #expect(try await program.terminate() == 0)
        }
    }

    @Test func `whoever asks too fast waits, and what fails is said in words`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            var visit = Visit(alarm: alarm)
            try await visit.logIn()
            let missing = try await visit.get("/ui/thresholds/edit?name=nothing")
            #expect(missing.status == 404 && missing.text.contains("There is no threshold of this name."))
            // 120 at once, then ten a second.
            let slowed = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<8 {
                    group.addTask { [visit] in
                        for _ in 0..<200 {
                            let answer = try await visit.get("/ui/routes")
                            if answer.status != 200 { return answer }
                        }
                        return try await visit.get("/ui/routes")
                    }
                }
                let first = try await group.next()
                group.cancelAll()
                return try #require(first)
            }
            #expect(
                slowed.status == 429 && slowed.header("Retry-After") == "1" && slowed.text.contains("Wait 1 second"))
            #expect(try await program.terminate() == 0)
        }
    }
}
