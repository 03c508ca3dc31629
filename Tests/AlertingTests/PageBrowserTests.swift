import Foundation
import Outbound
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// The page in a real browser: what people do with it, on a desk and on a phone, by light and by dark.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct PageBrowserTests {
    @Test func `by keyboard alone: in, through the page, acknowledged, out`() async throws {
        try await withTestDatabase { database in
            let visit = try await BrowserVisit(database)
            let browser = visit.browser
            try await visit.alarm.post("SourceDown")
            try await browser.go(to: visit.url("/ui/"))
            // The field of the key has the focus.
            try await browser.type(AlertingProcess.pageKey)
            try await browser.press(.enter)
            try await browser.sees("SourceDown <is> & down")
            let stops = try await visit.tabStops()
            #expect(stops.first == "To the content")
            for wanted in ["Alerts", "Thresholds", "Log out", "Filter", "Show", "Comment on SourceDown", "Silence"] {
                #expect(stops.contains(wanted), "\(wanted) cannot be reached: \(stops)")
            }
            // Straight to the content, past the bar.
            try await browser.go(to: visit.url("/ui/"))
            try await browser.press(.tab, .enter)
            #expect(try await browser.run("return location.hash") as? String == "#main")
            let comment = try #require(stops.firstIndex(of: "Comment on SourceDown"))
            for _ in try #require(stops.firstIndex(of: "Filter"))...comment { try await browser.press(.tab) }
            try await browser.type("on it")
            try await browser.press(.enter)
            try await browser.sees("Acknowledged.")
            try await browser.sees("on it")
            try await visit.inspect("acknowledged")
            for _ in 0...(try #require(stops.firstIndex(of: "Log out"))) { try await browser.press(.tab) }
            try await browser.press(.enter)
            try await browser.sees("Log in")
            try await visit.inspect("login")
            try await visit.end()
        }
    }

    @Test func `what the browser complains of is seen`() async throws {
        try await withTestDatabase { database in
            let visit = try await BrowserVisit(database)
            try await visit.logIn()
            let none = try await visit.browser.complaints()
            #expect(none == [])
            _ = try await visit.browser.run(
                """
                document.body.insertAdjacentHTML('beforeend', '<p style="color:red">x</p>');
                const script = document.createElement('script');
                script.textContent = 'document.title = "taken over"';
                document.body.append(script);
                return 0
                """)
            let complaints = try await visit.browser.complaints()
            #expect(complaints.count >= 2 && complaints.allSatisfy { $0.contains("Content Security Policy") })
            #expect(try await visit.browser.run("return document.title") as? String != "taken over")
            _ = try await visit.browser.run("document.querySelector('main').style.width = '900px'; return 0")
            try await visit.browser.resize(width: 360)
            #expect(try await visit.overflow() > 0)
            try await visit.end()
        }
    }

    @Test func `alerts, a silence with its preview, routes, who was told, and told again`() async throws {
        try await withTestDatabase { database in
            let visit = try await BrowserVisit(database)
            let browser = visit.browser
            try await visit.alarm.post("SourceDown")
            try await visit.alarm.post("SourceDown", instance: "b")
            try await visit.logIn()
            try await browser.sees("2 alerts in 1 group")
            try await browser.sees("next send at")
            try await browser.unfold("SourceDown <is>")
            try await browser.sees("Silence this one")
            try await visit.inspect("alerts")
            try await eventually("it is told") { try await visit.alarm.kept(visit.alarm.webhook).first }

            try await browser.click("Silence")
            try await browser.fill("comment", "the exchange is being mended")
            try await browser.click("Preview")
            try await browser.sees("It mutes 2 of the alerts that fire now")
            try await visit.inspect("silence")
            try await browser.click("Silence")
            try await browser.sees("the exchange is being mended")
            try await visit.inspect("silences")
            try await browser.click("Alerts")
            try await browser.sees("silenced")
            try await browser.click("Silences")
            try await browser.click("End")
            try await browser.sees("The silence has ended.")

            try await browser.click("Routes")
            try await browser.fill("labels", #"severity="critical""#)
            try await browser.click("Ask")
            try await browser.sees("To owner")
            try await visit.inspect("routes")

            try await browser.click("Deliveries")
            try await browser.sees("delivered")
            try await visit.inspect("deliveries")
            let before = try await visit.alarm.kept(visit.alarm.webhook).count
            try await browser.click("Send again")
            try await browser.sees("It is in line again")
            try await eventually("it is told again") {
                let count = try await visit.alarm.kept(visit.alarm.webhook).count
                let mails = try visit.alarm.mails().count
                return count + mails > before ? true : nil
            }

            try await browser.click("Channels")
            try await browser.click("Send a test to owner")
            try await browser.sees("What became of the test")
            try await browser.sees("delivered owner/webhook/0 after ")
            try await browser.sees("delivered owner/email/0 after ")
            try await visit.inspect("channels")
            try await visit.alarm.answer(visit.alarm.webhook, #"{"status": 400}"#)
            try await browser.click("Send a test to owner")
            try await browser.sees("failed owner/webhook/0 after ")
            try await browser.sees("trouble")
            try await visit.end()
        }
    }

    @Test func `what escalates is acknowledged and taken back, and shows who is told next`() async throws {
        try await withTestDatabase { database in
            let visit = try await BrowserVisit(
                database,
                rules: """
                    plimsoll:
                      escalations:
                        - name: desk
                          matchers: ['severity="critical"']
                          steps: [{wait: 0s, receivers: [owner]}, {wait: 1h, receivers: [owner]}]
                          repeat: 30m
                          acknowledged_for: 2h
                    """)
            let browser = visit.browser
            try await visit.alarm.post("SourceDown")
            try await visit.logIn()
            try await eventually("the first step is taken") {
                try await browser.click("Escalation")
                return try await browser.text().contains("Step 2 of desk") ? true : nil
            }
            try await browser.sees("not acknowledged")
            try await browser.sees("1 step taken")
            try await browser.sees("after 1h: owner")
            try await visit.inspect("escalation")
            try await browser.click("Alerts")
            try await browser.sees("unless somebody acknowledges: next owner at")
            try await browser.click("Escalation")
            try await browser.fill("comment", "on it")
            try await browser.click("Acknowledge")
            try await browser.sees("by owner, ")
            try await visit.inspect("escalation-acknowledged")
            try await browser.click("Take back")
            try await browser.sees("not acknowledged")
            try await visit.end()
        }
    }

    @Test func `a threshold: how often it would have fired, saved, exported, put back`() async throws {
        try await withTestDatabase { database in
            // A week with three backlogs of a minute and more, one of them severe.
            var samples: [(minutesAgo: Int, value: Double)] = []
            let backlogs: [(when: ClosedRange<Int>, seconds: Double)] = [
                (5000...5004, 30), (2000...2003, 45), (300...302, 200),
            ]
            for minute in stride(from: 7 * 1440 - 10, to: 0, by: -1) {
                samples.append((minute, backlogs.first { $0.when.contains(minute) }?.seconds ?? 1))
            }
            let port = try AlertingProcess.freePort()
            let visit = try await BrowserVisit(database, prometheus: port)
            let history = try await History(
                at: port, in: visit.alarm.folder, #"plimsoll_event_lag_seconds{consumer="execution"}"#, samples,
                scraping: visit.alarm.port)
            let browser = visit.browser
            try await visit.logIn()
            try await browser.click("Thresholds")
            try await visit.inspect("thresholds")
            try await browser.click("Change EventBacklog")
            try await browser.sees("Beyond 10 seconds it would have fired 3 times.")
            try await browser.fill("value", "0")
            try await browser.click("Check")
            try await browser.sees("It is to be between 1 and 3600 seconds.")
            try await browser.fill("value", "100")
            try await browser.click("Check")
            try await browser.sees(
                "Beyond 100 seconds it would have fired once. With 10 seconds, as it is now: 3 times.")
            try await browser.sees("The highest was 200 seconds.")
            try await browser.click("Save 100 seconds")
            try await browser.sees("Say why")
            try await browser.fill("comment", "the nightly report is slow")
            try await visit.inspect("threshold")
            try await browser.click("Save 100 seconds")
            try await browser.sees("Version 1 holds. EventBacklog: 10 seconds → 100 seconds.")
            try await visit.expectThreshold("event_backlog", 100, prometheus: port)

            try await browser.click("Settings")
            try await browser.sees("the nightly report is slow")
            try await browser.click("Everything as the rules say")
            try await browser.sees("10 seconds")
            try await visit.inspect("compare")
            try await browser.fill("comment", "mended")
            try await browser.click("Put version 0 back")
            try await browser.sees("Version 2 holds")
            try await visit.inspect("settings")
            try await visit.expectThreshold("event_backlog", 10, prometheus: port)
            try await history.program.kill()
            try await visit.end()
        }
    }

    @Test func `settings of two people at once, and without Prometheus`() async throws {
        try await withTestDatabase { database in
            // Nobody listens there.
            let visit = try await BrowserVisit(database, prometheus: try AlertingProcess.freePort())
            let browser = visit.browser
            try await visit.logIn()
            try await browser.click("Thresholds")
            try await browser.click("Change EventBacklog")
            try await browser.sees("Prometheus cannot be reached")
            try await browser.fill("value", "20")
            try await browser.fill("comment", "blind")
            try await browser.click("Check")
            try await browser.sees("It can be saved all the same.")
            try await visit.inspect("threshold-away")
            try await browser.click("Save 20 seconds")
            try await browser.sees("Version 1 holds")

            // Somebody else was faster.
            try await browser.go(to: visit.url("/ui/thresholds/edit?name=source_lag"))
            try await browser.fill("value", "8")
            try await browser.fill("comment", "mine")
            try await browser.click("Check")
            try await visit.saveElsewhere(database)
            try await browser.click("Save 8 seconds")
            try await browser.sees("has changed the settings meanwhile (version 2)")
            try await browser.click("Save 8 seconds")
            try await browser.sees("Version 3 holds")
            try await visit.end()
        }
    }
}
