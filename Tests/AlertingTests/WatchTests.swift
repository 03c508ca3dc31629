import AlertingCore
import Domain
import Testing

@testable import AlertingApp

/// Who is silent, and when every channel is tried.
struct WatchTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private let settings: DeadMansSwitch.Settings
    private var book: AlertBook

    init() throws {
        settings = DeadMansSwitch.Settings(
            watchdogs: [
                Watchdog(
                    name: "prometheus", matchers: [try Matcher("alertname=Watchdog")], within: .seconds(300),
                    severity: "critical")
            ],
            heartbeats: HeartbeatRule(services: ["strategy", "execution"], within: .seconds(60), severity: "critical"))
        book = AlertBook(
            AlertBook.Settings(
                route: Route(receiver: "team", groupBy: ["alertname"], groupWait: .seconds(0)),
                destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]]))
    }

    /// Looks, and takes in what is posted.
    private mutating func look(_ watch: inout DeadMansSwitch, at second: Int64) -> [String] {
        let posts = watch.look(at: time(second), book)
        _ = book.receive(posts, at: time(second))
        return posts.map { post in
            let name = post.labels["watchdog"] + post.labels["service"]
            return "\(name) \((post.endsAt ?? .zero) > time(second) ? "silent" : "heard")"
        }
    }

    private mutating func bark(at second: Int64) {
        _ = book.receive(
            [PostedAlert(labels: Labels(["alertname": "Watchdog", "severity": "none"]))], at: time(second))
    }

    @Test mutating func `a watchdog that is not heard is an alarm until it is, over a restart too`() throws {
        var watch = DeadMansSwitch(DeadMansSwitch.Settings(watchdogs: settings.watchdogs), at: time(0))
        #expect(look(&watch, at: 300).isEmpty, "who has just begun to watch waits")
        #expect(look(&watch, at: 301) == ["prometheus silent"])
        #expect(look(&watch, at: 302).isEmpty)
        #expect(look(&watch, at: 422) == ["prometheus silent"], "it is renewed before it ends")
        var restarted = DeadMansSwitch(DeadMansSwitch.Settings(watchdogs: settings.watchdogs), at: time(430))
        #expect(look(&restarted, at: 431).isEmpty, "a restart ends no alarm")
        #expect(look(&restarted, at: 600) == ["prometheus silent"])
        bark(at: 610)
        #expect(look(&restarted, at: 611) == ["prometheus heard"])
        #expect(look(&restarted, at: 612).isEmpty)
        #expect(look(&restarted, at: 910).isEmpty)
        #expect(look(&restarted, at: 911) == ["prometheus silent"])
        #expect(
            book.alert(
                Labels(["alertname": "WatchdogSilent", "watchdog": "prometheus", "severity": "critical"]).fingerprint)?
                .startsAt == time(911))
    }

    @Test mutating func `who hears nothing at all says so, and judges no service`() {
        var watch = DeadMansSwitch(DeadMansSwitch.Settings(heartbeats: settings.heartbeats), at: time(0))
        #expect(look(&watch, at: 61) == ["redis silent"])
        watch.heard("alerting", at: time(70))
        watch.heard("strategy", at: time(70))
        #expect(look(&watch, at: 71) == ["redis heard"])
        watch.heard("alerting", at: time(125))
        #expect(look(&watch, at: 130).isEmpty)
        #expect(look(&watch, at: 131) == ["strategy silent", "execution silent"])
        watch.heard("execution", at: time(140))
        watch.heard("alerting", at: time(140))
        #expect(look(&watch, at: 141) == ["execution heard"])
        #expect(look(&watch, at: 201) == ["redis silent"], "its own heartbeat does not come back")
        watch.heard("alerting", at: time(400))
        #expect(look(&watch, at: 401).contains("redis heard"))
        #expect(!look(&watch, at: 402).contains("execution silent"), "nobody could be heard until a moment ago")
    }

    @Test func `the daily test is made once a day, at its time on the wall, and made up for when it was missed`() throws
    {
        let berlin = try #require(Zone.named("Europe/Berlin"))
        let test = DailyTest(minute: 8 * 60, zone: berlin, receivers: [])
        func at(_ day: Int64, _ hour: Int64, _ minute: Int64 = 0) -> Timestamp {
            CivilDay(year: 2026, month: 3, day: day).start + .minutes(hour * 60 + minute)
        }
        // Until 29 March one hour east of Greenwich, then two.
        #expect(!test.isDue(at: at(28, 6, 59), last: nil))
        #expect(test.isDue(at: at(28, 7), last: nil))
        #expect(!test.isDue(at: at(28, 7, 1), last: at(28, 7)))
        #expect(!test.isDue(at: at(29, 5, 59), last: at(28, 7)))
        #expect(test.isDue(at: at(29, 6), last: at(28, 7)))
        #expect(test.isDue(at: at(29, 11, 59), last: at(28, 7)), "it was missed")
        #expect(!test.isDue(at: at(29, 12), last: at(28, 7)), "too late")
    }

    @Test mutating func `a channel that fails is an alarm that its next success ends`() {
        func verdict(_ isDelivered: Bool) -> ChannelVerdict {
            ChannelVerdict(
                destination: "team/slack/0", receiver: "team", channel: "slack", isDelivered: isDelivered,
                answer: "HTTP 404")
        }
        #expect(verdict(true).posted(book, at: time(0)) == nil)
        _ = book.receive([verdict(false).posted(book, at: time(0))].compactMap(\.self), at: time(0))
        #expect(book.advance(to: time(1)).first?.alerts.first?.annotations["description"].contains("HTTP 404") == true)
        let end = verdict(true).posted(book, at: time(60))
        #expect(end?.endsAt == time(60) && end?.startsAt == time(0))
    }
}
