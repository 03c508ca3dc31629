import AlertingCore
import Domain
import TestKit
import Testing

@testable import AlertingApp

/// Occurrences: told once, never resolved.
struct EventTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private func book(_ rules: [EventRule] = [], inhibit: [InhibitRule] = []) -> AlertBook {
        AlertBook(
            AlertBook.Settings(
                route: Route(
                    receiver: "team", groupBy: ["alertname"], groupWait: .seconds(5), groupInterval: .seconds(60)),
                destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]], inhibitRules: inhibit,
                eventRules: rules))
    }

    private func whale(_ id: Int, _ symbol: String = "BTC", at seconds: Int64) -> PostedAlert {
        PostedAlert(
            labels: Labels(["alertname": "whale_trade", "symbol": symbol, "event": "\(id)"]), startsAt: time(seconds),
            kind: .event)
    }

    private func told(_ notices: [Notice]) -> [String] {
        notices.map { notice in
            "\(notice.reason.map { "\($0)" } ?? "silent") \(notice.alerts.map { $0.labels["event"] }) +\(notice.more)"
        }
    }

    @Test func `the first is told at once, those that follow after the cooldown together`() throws {
        var book = book([
            EventRule(
                matchers: [try Matcher("alertname=whale_trade")], by: ["symbol"], cooldown: .seconds(600), shown: 2)
        ])
        _ = book.receive([whale(1, at: 0)], at: time(0))
        #expect(told(book.advance(to: time(5))) == ["occurred [\"1\"] +0"])
        for id in 2...6 { _ = book.receive([whale(id, at: Int64(id) * 10)], at: time(Int64(id) * 10)) }
        _ = book.receive([whale(7, "ETH", at: 70)], at: time(70))
        #expect(told(book.advance(to: time(75))) == ["occurred [\"7\"] +0"])
        #expect(told(book.advance(to: time(604))).isEmpty)
        let digest = book.advance(to: time(605))
        #expect(told(digest) == ["occurredSince [\"5\", \"6\"] +3"])
        #expect(digest.allSatisfy { NoticeText($0).text.contains("and 3 more") })
        #expect(
            digest.map { WebhookPayload($0, externalURL: "", alertsMax: 1, repeated: false).truncatedAlerts } == [4])
        #expect(told(book.advance(to: time(5000))).isEmpty)
        #expect(book.nextFlush == nil)
        _ = book.receive([whale(8, at: 6000)], at: time(6000))
        #expect(told(book.advance(to: time(6005))) == ["occurred [\"8\"] +0"])
    }

    @Test func `a repeat of an occurrence is no news, before and after a restart`() {
        var book = book()
        let alerts = book.receive([whale(1, at: 0)], at: time(0))
        let notices = book.advance(to: time(5))
        #expect(told(notices) == ["occurred [\"1\"] +0"])
        _ = book.receive([whale(1, at: 0)], at: time(100))
        #expect(told(book.advance(to: time(200))).isEmpty)

        var same = self.book()
        same.restore(alerts, told: notices.map { ($0.key, $0.entry) }, at: time(210))
        _ = same.receive([whale(1, at: 0)], at: time(211))
        #expect(told(same.advance(to: time(400))).isEmpty)
    }

    @Test func `it is listed for as long as it lasts, and is never resolved`() throws {
        var book = book([EventRule(lasts: .seconds(90))])
        _ = book.receive([whale(1, at: 0)], at: time(0))
        let notices = book.advance(to: time(5))
        #expect(book.alertViews(at: time(89)).map(\.alert.labels["event"]) == ["1"])
        #expect(book.alertViews(at: time(90)).isEmpty)
        #expect(told(book.advance(to: time(1000))).isEmpty)
        let notice = try #require(notices.first)
        #expect(notice.isFiring && notice.tellsOccurrences)
    }

    @Test func `one that a silence mutes is not told later, one in a mute time is`() throws {
        var book = book()
        let draft = SilenceDraft(
            matchers: [try Matcher("event=1")], endsAt: time(30), createdBy: "desk", comment: "x")
        _ = try book.silences.set(draft, newID: "s", at: time(0))
        _ = book.receive([whale(1, at: 0), whale(2, at: 0)], at: time(0))
        #expect(told(book.advance(to: time(5))) == ["occurred [\"2\"] +0"])
        #expect(told(book.advance(to: time(1000))).isEmpty)

        let minute = Int((time(0) - CivilDay(containing: time(0)).start).nanoseconds / 60_000_000_000)
        var settings = book.settings
        settings.route.muteIntervals = ["night"]
        settings.intervals["night"] = [TimeInterval(times: [minute..<minute + 10])]
        var night = AlertBook(settings)
        _ = night.receive([whale(3, at: 0)], at: time(0))
        #expect(told(night.advance(to: time(5))).isEmpty)
        #expect(told(night.advance(to: time(900))) == ["occurredSince [\"3\"] +0"])
    }

    @Test func `an occurrence inhibits alerts while it lasts, and the chain of causes is shown`() throws {
        var book = book(
            [EventRule(lasts: .seconds(300))],
            inhibit: [
                InhibitRule(
                    source: [try Matcher("alertname=exchange_outage")], target: [try Matcher("alertname=SourceDown")],
                    equal: ["venue"]),
                InhibitRule(
                    source: [try Matcher("alertname=SourceDown")], target: [try Matcher("alertname=StrategyStale")],
                    equal: ["venue"]),
            ])
        func post(_ name: String, _ kind: Alert.Kind = .condition) -> PostedAlert {
            PostedAlert(
                labels: Labels(["alertname": name, "venue": "binance"]), startsAt: time(0),
                endsAt: kind == .event ? nil : time(2000), kind: kind)
        }
        _ = book.receive([post("exchange_outage", .event), post("SourceDown"), post("StrategyStale")], at: time(0))
        #expect(book.advance(to: time(5)).map { $0.alerts.map { $0.labels["alertname"] } } == [["exchange_outage"]])
        let views = book.alertViews(at: time(10))
        func print(_ name: String) -> Fingerprint { Labels(["alertname": name, "venue": "binance"]).fingerprint }
        let stale = try #require(views.first { $0.alert.labels["alertname"] == "StrategyStale" })
        #expect(stale.causes == [print("SourceDown"), print("exchange_outage")])
        // When it no longer lasts, what still fires is told.
        #expect(book.advance(to: time(330)).flatMap { $0.alerts.map { $0.labels["alertname"] } } == ["SourceDown"])
    }

    @Test(arguments: UInt64(1)...20)
    func `each is told or counted exactly once, and never within the cooldown`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rule = EventRule(by: ["symbol"], cooldown: .seconds(50), shown: 3)
        var book = book([rule])
        var posted: [PostedAlert] = []
        var counted = 0
        var last: [ToldKey: Timestamp] = [:]
        for second in Int64(0)..<1500 {
            if second < 1400, Int.random(in: 0..<4, using: &random) == 0 {
                let symbol = ["BTC", "ETH", "SOL"].randomElement(using: &random) ?? "BTC"
                posted.append(whale(posted.count, symbol, at: second))
                _ = book.receive([posted[posted.count - 1]], at: time(second))
                // Both the bell and the table tell of it.
                if Bool.random(using: &random) { _ = book.receive([posted[posted.count - 1]], at: time(second)) }
            }
            if Int.random(in: 0..<200, using: &random) == 0 {
                var other = self.book([rule])
                other.restore(book.state(at: time(second)), at: time(second))
                book = other
            }
            for notice in book.advance(to: time(second)) {
                counted += notice.alerts.count + notice.more
                if let before = last[notice.key] { #expect(notice.at - before >= .seconds(50), "seed \(seed)") }
                last[notice.key] = notice.at
            }
        }
        #expect(counted == posted.count, "seed \(seed)")
    }
}

/// What comes and goes.
struct FlapTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    @Test func `an alert that comes and goes is told once, and its end once, when it stays away`() throws {
        var book = AlertBook(
            AlertBook.Settings(
                route: Route(
                    receiver: "team", groupBy: ["alertname"], groupWait: .seconds(0), groupInterval: .seconds(10),
                    repeatInterval: .minutes(600)),
                destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]],
                flapRules: [FlapRule(changes: 4, window: .seconds(600), calm: .seconds(120))]))
        var said: [String] = []
        func post(_ isFiring: Bool, _ second: Int64) {
            _ = book.receive(
                [
                    PostedAlert(
                        labels: Labels(["alertname": "Flap"]), startsAt: time(second - (isFiring ? 0 : 5)),
                        endsAt: isFiring ? time(second + 300) : time(second))
                ], at: time(second))
        }
        for second in Int64(0)...1000 {
            if second <= 300, second % 30 == 0 { post(second % 60 == 0, second) }
            // Prometheus repeats the end.
            if second > 300, second < 900, second % 30 == 0 { post(false, 300) }
            said += book.advance(to: time(second)).map { "\(second) \($0.isFiring ? "fires" : "is over")" }
        }
        // The fourth change, at 120, makes it flap; 300 was its end, and 120 seconds it must stay away.
        #expect(
            said == ["0 fires", "30 is over", "60 fires", "90 is over", "120 fires", "420 is over"], "\(said)")
    }
}
