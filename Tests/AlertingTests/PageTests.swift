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
            for path in ["/ui/", "/ui/silences", "/ui/deliveries", "/ui/routes"] {
                let answer = try await visit.get(path)
                #expect(answer.status == 303 && answer.header("Location") == "/ui/login", "\(path)")
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
                return page.contains("2 alerts in 1 groups") ? page : nil
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
}
