import AlertingCore
import Domain
import Testing

/// What keeps an alert from being told: other alerts, silences, times.
struct MutingTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private func book(
        _ rules: [InhibitRule] = [], intervals: [String: [TimeInterval]] = [:],
        _ change: (inout Route) -> Void = { _ in }
    ) -> AlertBook {
        var route = Route(
            receiver: "team", groupBy: ["alertname"], groupWait: .seconds(10), groupInterval: .seconds(60),
            repeatInterval: .seconds(600))
        change(&route)
        return AlertBook(
            AlertBook.Settings(
                route: route, destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]],
                inhibitRules: rules, intervals: intervals))
    }

    private func post(_ labels: [String: String], to end: Int64 = 100_000) -> PostedAlert {
        PostedAlert(labels: Labels(labels), startsAt: time(0), endsAt: time(end))
    }

    private func told(_ notices: [Notice]) -> [String] {
        notices.map { "\($0.firing.map { $0.labels["alertname"] }) \($0.resolved.map { $0.labels["alertname"] })" }
    }

    private static func down() throws -> InhibitRule {
        InhibitRule(
            source: [try Matcher("alertname=Down")], target: [try Matcher("severity=warning")], equal: ["source"])
    }

    @Test func `a firing source mutes its targets, and they are told when it is over`() throws {
        var book = book([try Self.down()])
        _ = book.receive(
            [
                post(["alertname": "Stale", "severity": "warning", "source": "binance"]),
                post(["alertname": "Other", "severity": "warning", "source": "kraken"]),
                post(["alertname": "Down", "source": "binance"]),
            ], at: time(0))
        #expect(told(book.advance(to: time(10))) == ["[\"Down\"] []", "[\"Other\"] []"])
        let view = try #require(book.alertViews(at: time(10)).first { $0.alert.labels["alertname"] == "Stale" })
        #expect(view.status.state == .suppressed)
        #expect(view.status.inhibitedBy == [Labels(["alertname": "Down", "source": "binance"]).fingerprint])
        _ = book.receive([post(["alertname": "Down", "source": "binance"], to: 30)], at: time(31))
        #expect(told(book.advance(to: time(70))) == ["[] [\"Down\"]", "[\"Stale\"] []"])
    }

    @Test func `labels that both lack are equal, and what matches both sides is not muted by its like`() throws {
        var book = book([
            InhibitRule(
                source: [try Matcher("severity=critical")], target: [try Matcher("severity=~\"critical|warning\"")],
                equal: ["zone"])
        ])
        _ = book.receive(
            [
                post(["alertname": "A", "severity": "critical"]), post(["alertname": "B", "severity": "critical"]),
                post(["alertname": "C", "severity": "warning"]),
                post(["alertname": "D", "severity": "warning", "zone": "x"]),
            ], at: time(0))
        #expect(told(book.advance(to: time(10))) == ["[\"A\"] []", "[\"B\"] []", "[\"D\"] []"])
    }

    @Test func `a silence mutes, and what ends under it is never told`() throws {
        var book = book()
        let draft = SilenceDraft(
            matchers: [try Matcher("alertname=A")], endsAt: time(1000), createdBy: "desk", comment: "x")
        _ = book.receive([post(["alertname": "A"]), post(["alertname": "B"])], at: time(0))
        _ = try book.silences.set(draft, newID: "s", at: time(5))
        #expect(told(book.advance(to: time(10))) == ["[\"B\"] []"])
        #expect(book.alertViews(at: time(10)).map(\.status.silencedBy).sorted { $0.count < $1.count } == [[], ["s"]])
        _ = book.receive([post(["alertname": "A"], to: 20)], at: time(21))
        #expect(told(book.advance(to: time(2000))) == ["[\"B\"] []"])
    }

    @Test func `what a silence held back is told when it ends`() throws {
        var book = book()
        let draft = SilenceDraft(
            matchers: [try Matcher("alertname=A")], endsAt: time(1000), createdBy: "desk", comment: "x")
        _ = try book.silences.set(draft, newID: "s", at: time(0))
        _ = book.receive([post(["alertname": "A"])], at: time(0))
        #expect(told(book.advance(to: time(10))).isEmpty)
        _ = try book.silences.expire("s", at: time(50))
        #expect(told(book.advance(to: time(70))) == ["[\"A\"] []"])
    }

    @Test func `nothing is told in a mute time, nor outside of the active times`() throws {
        let first = CivilDay(containing: time(0)).start
        let hour = Int((time(0) - first).nanoseconds / 3_600_000_000_000)
        let now = TimeInterval(times: [hour * 60..<hour * 60 + 60])
        let later = TimeInterval(times: [(hour + 1) * 60..<(hour + 2) * 60])
        let intervals = ["now": [now], "later": [later]]
        let over = first + .minutes(Int64(hour + 1) * 60)
        for (name, change) in [
            ("now", { (route: inout Route) in route.muteIntervals = ["now"] }),
            ("later", { (route: inout Route) in route.activeIntervals = ["later"] }),
        ] {
            var book = book(intervals: intervals, change)
            _ = book.receive([post(["alertname": "A"])], at: time(0))
            #expect(told(book.advance(to: time(10))).isEmpty)
            #expect(book.groupViews(at: time(10)).map(\.mutedBy) == [[name]])
            #expect(book.alertViews(at: time(10)).map(\.status.state) == [.active])
            #expect(told(book.advance(to: over)) == ["[\"A\"] []"])
        }
    }

    @Test func `a group says when it is told next, and why`() throws {
        var book = book()
        _ = book.receive([post(["alertname": "A", "x": "1"])], at: time(0))
        var group = try #require(book.groupViews(at: time(1)).first)
        #expect(group.key == "{}:{alertname=\"A\"}")
        #expect(group.wait == .groupWait)
        #expect(group.next == .init(at: time(10), reason: .first))
        _ = book.advance(to: time(10))
        group = try #require(book.groupViews(at: time(11)).first)
        #expect(group.flushAt == time(70))
        #expect(group.next == .init(at: time(610), reason: .repeated))
        _ = book.receive([post(["alertname": "A", "x": "2"])], at: time(20))
        group = try #require(book.groupViews(at: time(21)).first)
        #expect(group.next == .init(at: time(70), reason: .newAlerts))
    }

    @Test func `other settings make the groups anew and tell nothing twice`() throws {
        var book = book()
        _ = book.receive([post(["alertname": "A"]), post(["alertname": "B"])], at: time(0))
        _ = book.advance(to: time(10))
        var settings = book.settings
        settings.route.groupInterval = .seconds(30)
        book.replace(settings, at: time(20))
        #expect(book.nextFlush == time(20))
        #expect(told(book.advance(to: time(20))).isEmpty)
        #expect(book.nextFlush == time(50))
        _ = book.receive([post(["alertname": "A"], to: 40)], at: time(41))
        #expect(told(book.advance(to: time(50))) == ["[] [\"A\"]"])
    }

    /// The end is accepted at 100 s and written down; a round at 101 s does not know of it yet; then the program dies.
    @Test func `an end that was written down while a round went on is told after a restart`() throws {
        var book = book()
        _ = book.receive([post(["alertname": "A"])], at: time(0))
        let told = book.advance(to: time(10)).map { ($0.key, $0.entry) }
        let ended = book.prepared([post(["alertname": "A"], to: 99)], at: time(100))
        #expect(self.told(book.advance(to: time(101))).isEmpty)
        let timers = book.timers
        #expect(timers.compactMap(\.flushedAt) == [time(101)])
        var after = self.book()
        after.restore(ended, told: told, groups: timers, at: time(102))
        #expect(self.told(after.advance(to: time(200))) == ["[] [\"A\"]"])
        // What a round has told of is over.
        var later = self.book()
        let last = told.map {
            ($0.0, ToldEntry(firing: [], resolved: $0.1.firing, at: time(101), expiresAt: time(9000)))
        }
        later.restore(ended, told: last, groups: timers, at: time(102))
        #expect(self.told(later.advance(to: time(200))).isEmpty && later.all.isEmpty)
    }
}
