import AlertingCore
import Domain
import Foundation
import Outbound
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// What a channel refused does not count as told.
struct RefusalTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private func book(destinations: Int = 1) -> AlertBook {
        let route = Route(
            receiver: "team", groupBy: ["alertname"], groupWait: .seconds(10), groupInterval: .seconds(60),
            repeatInterval: .seconds(600))
        let places = (0..<destinations).map { AlertBook.Destination(name: "team/webhook/\($0)", sendResolved: true) }
        return AlertBook(AlertBook.Settings(route: route, destinations: ["team": places]))
    }

    private func down(_ instance: String, from start: Int64 = 0, to end: Int64) -> PostedAlert {
        PostedAlert(
            labels: Labels(["alertname": "Down", "instance": instance]), startsAt: time(start), endsAt: time(end))
    }

    private func told(_ notices: [Notice]) -> [String] {
        notices.filter { $0.reason != nil }.map { notice in
            func names(_ alerts: [Alert]) -> String { alerts.map { $0.labels["instance"] }.joined(separator: ",") }
            return "\(notice.reason.map { "\($0)" } ?? "") +\(names(notice.firing)) -\(names(notice.resolved))"
        }
    }

    @Test func `it is told again at the next round, beginning, repeat and end`() {
        var book = book()
        _ = book.receive([down("a", to: 9000)], at: time(0))
        var said: [String] = []
        // Every other notice is refused.
        for second in Int64(0)...2000 {
            if second == 1500 { _ = book.receive([down("a", to: 1500)], at: time(1500)) }
            let notices = book.advance(to: time(second))
            said += told(notices).map { "\(second) \($0)" }
            for notice in notices where said.count % 2 == 1 { book.takeBack(notice, at: time(second)) }
        }
        #expect(
            said == [
                "10 first +a -", "70 first +a -", "670 repeated +a -", "730 repeated +a -", "1330 repeated +a -",
                "1390 repeated +a -", "1510 allResolved + -a", "1570 allResolved + -a",
            ])
        #expect(book.all.isEmpty)
    }

    @Test func `an end among others that was refused is told with the next round`() {
        var book = book()
        _ = book.receive([down("a", to: 9000), down("b", to: 9000)], at: time(0))
        _ = book.advance(to: time(10))
        _ = book.receive([down("b", to: 20)], at: time(20))
        for notice in book.advance(to: time(70)) { book.takeBack(notice, at: time(71)) }
        #expect(told(book.advance(to: time(130))) == ["newResolved +a -b"])
        #expect(told(book.advance(to: time(190))).isEmpty)
    }

    @Test func `an end whose beginning nobody heard of is not told`() {
        var book = book()
        _ = book.receive([down("a", to: 9000)], at: time(0))
        for notice in book.advance(to: time(10)) { book.takeBack(notice, at: time(11)) }
        _ = book.receive([down("a", to: 20)], at: time(20))
        #expect(book.advance(to: time(70)).isEmpty)
        #expect(book.all.isEmpty)
    }

    @Test func `who took it is told nothing twice`() {
        var book = book(destinations: 2)
        _ = book.receive([down("a", to: 9000)], at: time(0))
        _ = book.advance(to: time(10))
        _ = book.receive([down("a", to: 20)], at: time(20))
        let ends = book.advance(to: time(70))
        #expect(ends.count == 2)
        book.takeBack(ends[1], at: time(71))
        let again = book.advance(to: time(130)).filter { $0.reason != nil }
        #expect(again.map(\.key.destination) == ["team/webhook/1"])
        #expect(told(again) == ["allResolved + -a"])
    }

    @Test func `what was told since is not taken back`() {
        var book = book()
        _ = book.receive([down("a", to: 9000)], at: time(0))
        let first = book.advance(to: time(10))
        _ = book.receive([down("b", to: 9000)], at: time(20))
        #expect(told(book.advance(to: time(70))) == ["newAlerts +a,b -"])
        book.takeBack(first[0], at: time(71))
        #expect(told(book.advance(to: time(130))).isEmpty)
    }

    @Test func `after a restart a refused end is still awaited`() throws {
        var first = book()
        let alerts = first.receive([down("a", to: 50)], at: time(0))
        _ = first.advance(to: time(10))
        let end = try #require(first.advance(to: time(70)).first)
        let back = try #require(end.fallback?.first)
        var second = book()
        second.restore(
            alerts, told: [(end.key, end.entry), (back.key, back.entry)], groups: first.takeGroupChanges().timers,
            at: time(200))
        #expect(told(second.advance(to: time(300))) == ["allResolved + -a"])
    }

    @Test func `an occurrence that was refused is told after the cooldown, and in a restart's stead too`() throws {
        let event = PostedAlert(
            labels: Labels(["alertname": "Whale", "instance": "x"]), startsAt: time(0), kind: .event)
        var book = book()
        let alerts = book.receive([event], at: time(0))
        let notice = try #require(book.advance(to: time(10)).first)
        book.takeBack(notice, at: time(11))
        #expect(told(book.advance(to: time(70))) == ["occurredSince +x -"])
        let back = try #require(notice.fallback?.first)
        var second = self.book()
        second.restore(alerts, told: [(back.key, back.entry)], at: time(30))
        #expect(told(second.advance(to: time(60))) == ["occurred +x -"])
    }

    @Test func `a summary that was refused takes back all that it told of`() throws {
        var book = book()
        _ = book.receive([down("a", to: 9000)], at: time(0))
        let notices = book.advance(to: time(10))
        book.takeBack(.summary(of: notices, at: time(12)), at: time(13))
        #expect(told(book.advance(to: time(70))) == ["first +a -"])
    }

    @Test func `of an end that a newer notice took in, nothing is lost when that one is refused`() throws {
        var book = book()
        _ = book.receive([down("a", to: 9000), down("b", to: 9000)], at: time(0))
        _ = book.advance(to: time(10))
        _ = book.receive([down("b", to: 20)], at: time(20))
        let older = try #require(book.advance(to: time(70)).first)
        _ = book.receive([down("c", to: 9000)], at: time(80))
        let newer = try #require(book.advance(to: time(130)).first).absorbing(older)
        book.takeBack(newer, at: time(131))
        #expect(told(book.advance(to: time(190))) == ["newAlerts +a,c -b"])
    }

    @Test func `refused for a while, then taken: told as the reference tells it`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(
                database,
                """
                route: {receiver: one, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}
                receivers: [{name: one, webhook_configs: [{url: FLAKY/refuses}]}]
                """)
            /// How often each was told of a state.
            func counts(_ status: String) async throws -> [Int] {
                var all: [Int] = []
                for party in pair.parties {
                    let told = try await pair.told(party).values.flatMap(\.self)
                    all.append(told.count { $0.words.hasPrefix(status) })
                }
                return all
            }
            func told(_ status: String, atLeast count: Int) async throws {
                try await eventually("both tell of \(status) \(count) times", within: .seconds(20)) {
                    try await counts(status).allSatisfy { $0 >= count } ? true : nil
                }
            }
            try await pair.answer(#"{"status": 404}"#)
            pair.begin()
            try await pair.alerts("refused", ["a"])
            try await told("firing", atLeast: 2)
            try await pair.answer(#"{"status": 200}"#)
            let before = try await counts("firing").max() ?? 0
            try await told("firing", atLeast: before + 1)
            try await pair.answer(#"{"status": 404}"#)
            try await pair.alerts("refused", ["a"], resolved: true)
            try await told("resolved", atLeast: 2)
            try await pair.answer(#"{"status": 200}"#)
            let refused = try await counts("resolved").max() ?? 0
            try await told("resolved", atLeast: refused + 1)
            let final = (try await counts("firing"), try await counts("resolved"))
            // Two rounds in which nothing may come: that nothing comes cannot be waited for.
            try await Task.sleep(for: .seconds(2))
            #expect(try await counts("firing") == final.0)
            #expect(try await counts("resolved") == final.1)
            try await pair.stop()
        }
    }
}
