import AlertingCore
import Domain
import Foundation
import Outbound
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// What must be told though a clock, a restart or one bad alert is in the way.
struct LostWordTests {
    private let base = Timestamp(seconds: 1_700_000_000)
    private func time(_ seconds: Int64) -> Timestamp { base + .seconds(seconds) }

    private func book(muted: Bool = false, cooldown: Int64 = 60) -> AlertBook {
        let always = TimeInterval(times: [0..<1440])
        let route = Route(
            receiver: "team", groupBy: ["alertname"], groupWait: .seconds(10), groupInterval: .seconds(60),
            repeatInterval: .seconds(600), muteIntervals: muted ? ["always"] : [])
        return AlertBook(
            AlertBook.Settings(
                route: route, destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]],
                intervals: ["always": [always]], eventRules: [EventRule(cooldown: .seconds(cooldown))]))
    }

    private func down(from start: Int64, to end: Int64) -> PostedAlert {
        PostedAlert(labels: Labels(["alertname": "Down"]), startsAt: time(start), endsAt: time(end))
    }

    private func whale(_ id: Int, at seconds: Int64) -> PostedAlert {
        PostedAlert(
            labels: Labels(["alertname": "whale_trade", "event": "\(id)"]), startsAt: time(seconds), kind: .event)
    }

    private func told(_ notices: [Notice]) -> [String] {
        notices.map { "\($0.reason.map { "\($0)" } ?? "silent") \($0.alerts.map { $0.labels["event"] })" }
    }

    // MARK: - The clock

    @Test func `a clock that is set back makes no word old, and no group wait for longer than its interval`() throws {
        var book = book()
        _ = book.receive([down(from: 0, to: 9000)], at: time(5000))
        #expect(book.advance(to: time(5010)).map(\.reason) == [.first])
        let ended = book.receive([down(from: 0, to: 90)], at: time(100))
        #expect(ended.map(\.endsAt) == [time(90)], "it is kept as it was posted")
        #expect(ended.map(\.updatedAt) == [time(5000)], "so that the books take it for newer")
        #expect(book.advance(to: time(100)).isEmpty)
        #expect(book.nextFlush == time(160))
        let notices = book.advance(to: time(160))
        #expect(notices.map(\.reason) == [.allResolved])
        #expect(notices.map(\.entry.at) == [time(5010)], "so that the books take it for newer")
    }

    @Test func `a leader that starts with a clock that was set back waits for no timer of the future`() throws {
        var first = book()
        let alerts = first.receive([down(from: 0, to: 9000)], at: time(5000))
        let notices = first.advance(to: time(5010))
        var second = book()
        second.restore(
            alerts, told: notices.map { ($0.key, $0.entry) }, groups: first.takeGroupChanges().timers, at: time(100))
        #expect(second.nextFlush == time(160))
    }

    @Test func `a silence is changed though the clock was set back`() throws {
        var silences = SilenceBook()
        let draft = SilenceDraft(
            matchers: [try Matcher("alertname=Down")], startsAt: time(0), endsAt: time(9000), createdBy: "me",
            comment: "why")
        let id = try silences.set(draft, newID: "one", at: time(5000)).id
        var kept = silences
        kept.restore(try silences.expire(id, at: time(100)).changed)
        #expect(kept[id]?.endsAt == time(100))
    }

    // MARK: - Restarts

    @Test func `an occurrence that waits for a cooldown or the end of a mute time is told after a restart, once`()
        throws
    {
        var first = book(cooldown: 7200)
        let early = first.receive([whale(1, at: 0)], at: time(0))
        let notices = first.advance(to: time(10))
        #expect(told(notices) == [#"occurred ["1"]"#])
        let late = first.receive([whale(2, at: 60)], at: time(60))
        let timers = first.takeGroupChanges().timers
        for moment in [Int64(6000), 9000] {
            var second = book(cooldown: 7200)
            second.restore(
                early + late, told: notices.map { ($0.key, $0.entry) }, groups: timers, at: time(moment))
            #expect(told(second.advance(to: time(9000))) == [#"occurredSince ["2"]"#])
            #expect(second.advance(to: time(90_000)).isEmpty)
        }
    }

    @Test func `an occurrence that was told so long ago that nobody remembers is not told after a restart`() throws {
        var book = book()
        let old = book.receive([whale(1, at: 0)], at: time(0))
        let key = ToldKey(
            group: try #require(book.advance(to: time(10)).first).key.group, destination: "team/webhook/0")
        var later = self.book()
        let entry = ToldEntry(
            firing: [Labels(["other": "one"]).fingerprint], resolved: [], at: time(7200), expiresAt: time(90_000))
        later.restore(old, told: [(key, entry)], at: time(7300))
        #expect(later.advance(to: time(9000)).isEmpty)
    }

    @Test func `who follows keeps the occurrences that still wait, and forgets those that were told`() throws {
        var leader = book(cooldown: 86_400)
        var follower = book(cooldown: 86_400)
        follower.take(leader.receive([whale(1, at: 0)], at: time(0)), at: time(0))
        for notice in leader.advance(to: time(10)) { follower.note(notice.entry, for: notice.key) }
        follower.take(leader.receive([whale(2, at: 60)], at: time(60)), at: time(60))
        follower.forgetEnded(before: time(7200))
        #expect(follower.all.map { $0.labels["event"] } == ["2"])
    }

    @Test func `the books give what is awaited after a long down time, and occurrences as far back as they may wait`()
        async throws
    {
        try await withTestDatabase { database in
            let pool = database.connect(.alerting, poolSize: 1)
            let store = AlertStore(database: pool, writer: "test")
            let now = SystemClock().now()
            func alert(_ name: String, _ kind: Alert.Kind, hoursAgo: Int64) -> Alert {
                let then = now + .seconds(-hoursAgo * 3600)
                return Alert(
                    labels: Labels(["alertname": name]), annotations: .none, startsAt: then + .seconds(-60),
                    endsAt: then, updatedAt: then, endIsTimeout: false, generatorURL: "", kind: kind)
            }
            let (awaited, over) = (alert("awaited", .condition, hoursAgo: 70), alert("over", .condition, hoursAgo: 70))
            let event = alert("event", .event, hoursAgo: 3)
            let entry = ToldEntry(
                firing: [awaited.fingerprint], resolved: [], at: now + .seconds(-71 * 3600),
                expiresAt: now + .seconds(-63 * 3600))
            let key = ToldKey(group: "g", destination: "d")
            _ = try await store.apply(
                [.alert(awaited), .alert(over), .alert(event), .told(key, entry)], fenced: [], under: nil)
            let books = try await store.load(longestWait: .seconds(3 * 3600))
            #expect(Set(books.alerts.map { $0.labels["alertname"] }) == ["awaited", "event"])
            #expect(books.told.map(\.0) == [key])
            #expect(try await store.load(longestWait: .seconds(3600)).alerts.count == 1)
            await pool.close()
        }
    }

    // MARK: - One bad alert

    @Test func `a group's name of any length fits an index, and no two are the same`() {
        let long = String(repeating: "ä", count: 3000)
        let names = ["a", String(repeating: "x", count: 2000), long, long + "b", "c" + long].map(BoundedKey.make)
        #expect(names[0] == "a" && names[1].utf8.count == 2000)
        #expect(Set(names).count == 5)
        #expect(names.allSatisfy { $0.utf8.count < 2100 })
        #expect(names[2].utf8.count > 2000, "none that is cut is one that is not")
    }

    @Test func `one alert that the books refuse holds up no other, and is told too`() async throws {
        try await withTestDatabase { database in
            var random = SeededRandom(seed: 5)
            func noise(_ count: Int, _ first: UInt32, _ last: UInt32) -> String {
                String(
                    String.UnicodeScalarView(
                        (0..<count).compactMap { _ in UnicodeScalar(UInt32.random(in: first...last, using: &random)) }))
            }
            // The names of a group and of a destination are in one row of an index: these two do not fit together.
            let bad = noise(480, 0x4e00, 0x9fff)
            let heavy = noise(1900, 0x61, 0x7a)
            let fleet = try await AlertingFleet(
                database, instances: 1,
                whole: """
                    route:
                      receiver: good
                      group_by: [alertname]
                      group_wait: 100ms
                      group_interval: 300ms
                      routes: [{receiver: \(bad), matchers: [group=bad]}]
                    receivers:
                      - {name: good, webhook_configs: [{url: 'http://127.0.0.1:WEBHOOK/good'}]}
                      - {name: \(bad), webhook_configs: [{url: 'http://127.0.0.1:WEBHOOK/bad'}]}
                    """)
            try await fleet.start(0)
            let long = noise(4000, 0x61, 0x7a)
            let bodies = [
                AlertingFleet.alert(long, ends: 3600), AlertingFleet.alert(heavy, ends: 3600, group: "bad"),
                AlertingFleet.alert("Good", ends: 3600),
            ]
            let answer = try await fleet.send(0, .post, "/api/v2/alerts", "[\(bodies.joined(separator: ","))]")
            #expect(answer.status == 200)
            try await eventually("all three are told", within: .seconds(20)) {
                try await Set(fleet.told().flatMap(\.names)) == [long, heavy, "Good"] ? true : nil
            }
            let metrics = try await fleet.send(0, .get, "/metrics").text
            #expect(metrics.contains("\nplimsoll_alert_records_refused_total 1\n"))
            #expect(fleet.log(0).contains("the books refuse what is to be told"))
            try await fleet.stop()
        }
    }
}
