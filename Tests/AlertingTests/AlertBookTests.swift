import AlertingCore
import Domain
import TestKit
import Testing

/// The alert book as a trace: what comes in, when, and what is told.
struct AlertBookTests {
    private func time(_ seconds: Double) -> Timestamp {
        Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(seconds * 1e9))
    }

    private func book(
        _ change: (inout Route) -> Void = { _ in }, sendResolved: Bool = true, resolveTimeout: Int64 = 300
    ) -> AlertBook {
        var route = Route(
            receiver: "team", groupBy: ["alertname"], groupWait: .seconds(10), groupInterval: .seconds(60),
            repeatInterval: .seconds(600))
        change(&route)
        return AlertBook(
            AlertBook.Settings(
                route: route, destinations: ["team": [.init(name: "team/webhook/0", sendResolved: sendResolved)]],
                resolveTimeout: .seconds(resolveTimeout)))
    }

    private func down(_ instance: String, from start: Double? = nil, to end: Double? = nil) -> PostedAlert {
        PostedAlert(
            labels: Labels(["alertname": "Down", "instance": instance]), startsAt: start.map(time),
            endsAt: end.map(time))
    }

    private func told(_ notices: [Notice]) -> [String] {
        notices.map { notice in
            let firing = notice.firing.map { $0.labels["instance"] }.joined(separator: ",")
            let resolved = notice.resolved.map { $0.labels["instance"] }.joined(separator: ",")
            return "\(notice.reason.map { "\($0)" } ?? "silent") +\(firing) -\(resolved)"
        }
    }

    @Test func `fingerprints are those of Alertmanager`() {
        #expect(
            Labels(["severity": "warning", "node": "bar", "alertname": "foo"]).fingerprint.description
                == "6a6b5ac10f0eae0e")
        #expect(
            Labels(["alertname": "Flap", "env": "lab", "severity": "critical"]).fingerprint.description
                == "278f5010dd9cb237")
        #expect(Labels(["a": "", "b": "c"]) == Labels(["b": "c"]))
    }

    @Test func `a group waits, tells, and tells news after the interval`() {
        var book = book()
        _ = book.receive([down("a", from: 0)], at: time(0))
        #expect(told(book.advance(to: time(9))).isEmpty)
        _ = book.receive([down("b", from: 5)], at: time(5))
        #expect(told(book.advance(to: time(10))) == ["first +a,b -"])
        _ = book.receive([down("c", from: 20)], at: time(20))
        #expect(told(book.advance(to: time(69))).isEmpty)
        #expect(told(book.advance(to: time(70))) == ["newAlerts +a,b,c -"])
        #expect(book.nextFlush == time(130))
    }

    @Test func `what fires for long already does not wait, and those that wait are told with it`() {
        var book = book()
        _ = book.receive([down("a", from: 0)], at: time(0))
        _ = book.receive([down("b", from: -11)], at: time(3))
        #expect(told(book.advance(to: time(3))) == ["first +a,b -"])
        _ = book.receive([down("c", from: -50)], at: time(4))
        #expect(told(book.advance(to: time(62))).isEmpty)
        #expect(told(book.advance(to: time(63))) == ["newAlerts +a,b,c -"])
    }

    @Test func `what has not changed is told again after the repeat interval`() {
        var book = book()
        var said: [String] = []
        for moment in stride(from: 0.0, through: 1300, by: 10) {
            _ = book.receive([down("a", from: 0, to: moment + 240)], at: time(moment))
            said += told(book.advance(to: time(moment))).map { "\(Int(moment)) \($0)" }
        }
        #expect(said == ["10 first +a -", "610 repeated +a -", "1210 repeated +a -"])
    }

    @Test func `the end is told once, whatever Prometheus repeats`() {
        var book = book()
        _ = book.receive([down("a", from: 0, to: 240)], at: time(0))
        #expect(told(book.advance(to: time(10))) == ["first +a -"])
        _ = book.receive([down("a", from: 0, to: 30)], at: time(31))
        #expect(told(book.advance(to: time(70))) == ["allResolved + -a"])
        #expect(book.all.isEmpty)
        for moment in stride(from: 80.0, to: 900, by: 20) {
            _ = book.receive([down("a", from: 0, to: 30)], at: time(moment))
            #expect(told(book.advance(to: time(moment + 1))).isEmpty)
        }
        _ = book.receive([down("a", from: 1000)], at: time(1000))
        #expect(told(book.advance(to: time(1010))) == ["first +a -"])
    }

    @Test func `an alert that ends before the first notice is never told`() {
        var book = book()
        _ = book.receive([down("a", from: 0)], at: time(0))
        _ = book.receive([down("a", from: 0, to: 5)], at: time(6))
        #expect(told(book.advance(to: time(10))).isEmpty)
        #expect(book.nextFlush == nil)
    }

    @Test func `silence from the sender ends an alert after the time limit`() {
        var book = book(resolveTimeout: 30)
        _ = book.receive([down("a")], at: time(0))
        #expect(told(book.advance(to: time(10))) == ["first +a -"])
        #expect(told(book.advance(to: time(70))) == ["allResolved + -a"])
    }

    @Test func `some resolved, others not`() {
        var book = book()
        _ = book.receive([down("a", from: 0, to: 999), down("b", from: 0, to: 999)], at: time(0))
        _ = book.advance(to: time(10))
        _ = book.receive([down("a", from: 0, to: 20)], at: time(21))
        #expect(told(book.advance(to: time(70))) == ["newResolved +b -a"])
    }

    @Test func `who does not want ends hears none, and the next start is a first`() {
        var book = book(sendResolved: false)
        _ = book.receive([down("a", from: 0, to: 999)], at: time(0))
        #expect(told(book.advance(to: time(10))) == ["first +a -"])
        _ = book.receive([down("a", from: 0, to: 20)], at: time(21))
        #expect(told(book.advance(to: time(70))) == ["silent + -"])
        _ = book.receive([down("a", from: 100, to: 999)], at: time(100))
        #expect(told(book.advance(to: time(110))) == ["first +a -"])
    }

    @Test func `after a restart an end is told, and nothing twice`() {
        var book = book()
        let alerts = book.receive([down("a", from: 0, to: 100)], at: time(0))
        let notices = book.advance(to: time(10))
        let entries = notices.map { ($0.key, $0.entry) }

        var same = self.book()
        same.restore(alerts, told: entries, at: time(20))
        #expect(told(same.advance(to: time(30))).isEmpty)
        #expect(told(same.advance(to: time(101))) == ["allResolved + -a"])

        var late = self.book()
        late.restore(alerts, told: entries, at: time(5000))
        #expect(told(late.advance(to: time(5000))) == ["allResolved + -a"])
        #expect(told(late.advance(to: time(9000))).isEmpty)
    }

    @Test func `routes are searched depth first`() throws {
        let critical = Route(
            receiver: "pager", matchers: [try Matcher(#"severity="critical""#)],
            routes: [Route(receiver: "money", matchers: [try Matcher("team=~\"risk|exec.*\"")])])
        let copy = Route(receiver: "archive", matchers: [try Matcher("severity!=info")], goesOn: true)
        let book = AlertBook(
            AlertBook.Settings(route: Route(receiver: "team", routes: [copy, critical]), destinations: [:]))
        #expect(book.receivers(of: Labels(["severity": "info"])) == ["team"])
        #expect(book.receivers(of: Labels(["severity": "warning"])) == ["archive"])
        #expect(book.receivers(of: Labels(["severity": "critical"])) == ["archive", "pager"])
        #expect(book.receivers(of: Labels(["severity": "critical", "team": "execution"])) == ["archive", "money"])
    }

    @Test func `two runs over the same random posts say the same`() {
        func run(_ seed: UInt64) -> [String] {
            var random = SeededRandom(seed: seed)
            var book = book()
            var said: [String] = []
            for step in 0..<2000 {
                let now = Double(step)
                if Int.random(in: 0..<5, using: &random) == 0 {
                    let end = Bool.random(using: &random) ? now + 50 : now - 1
                    _ = book.receive(
                        [down("\(Int.random(in: 0..<20, using: &random))", from: now - 60, to: end)], at: time(now))
                }
                said += told(book.advance(to: time(now)))
            }
            return said
        }
        for seed in UInt64(1)...5 { #expect(run(seed) == run(seed), "seed \(seed)") }
    }
}
