import AlertingCore
import Domain
import TestKit
import Testing

@testable import AlertingApp
@testable import Outbound

/// The queue of one destination as a trace: what comes, when, and what is sent.
struct DestinationQueueTests {
    private func time(_ seconds: Double) -> Timestamp {
        Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(seconds * 1e9))
    }

    private static let free = ChannelPolicy(
        perMinute: 100_000, burst: 100_000, expiresAfter: .seconds(3600), stormLimit: 0)

    private func queue(_ change: (inout ChannelPolicy) -> Void = { _ in }) -> DestinationQueue {
        var policy = Self.free
        change(&policy)
        return DestinationQueue(destination: "team/slack/0", policy: policy)
    }

    /// - Parameters:
    ///   - firing: instances that fire, `-` before those that have ended.
    private func notice(_ group: String, _ instances: [String], at seconds: Double, severity: String = "warning")
        -> QueuedNotice
    {
        let at = time(seconds)
        let alerts = instances.map { instance in
            let ended = instance.hasPrefix("-")
            let labels = ["alertname": group, "instance": instance.replacing("-", with: ""), "severity": severity]
            return Alert(
                labels: Labels(labels), annotations: .none, startsAt: at, endsAt: ended ? at : time(1e6), updatedAt: at,
                endIsTimeout: false, generatorURL: "", kind: .condition)
        }
        let entry = ToldEntry(firing: [], resolved: [], at: at, expiresAt: at)
        let notice = Notice(
            key: ToldKey(group: group, destination: "team/slack/0"), receiver: "team", groupLabels: .none,
            alerts: alerts, entry: entry, reason: .first, at: at)
        return QueuedNotice(
            id: "\(group)@\(seconds)", notice: notice, channel: "slack", expiresAt: at + .seconds(3600), nextAt: at)
    }

    private func sent(_ step: DestinationQueue.Step) -> String {
        switch step {
        case .send(let queued): "send \(queued.id)"
        case .settle(let settled): settled.map { "\($0.result.rawValue) \($0.queued.id)" }.joined(separator: ", ")
        case .summarise(let summary, let settled): "summary of \(settled.count) with \(summary.notice.alerts.count)"
        case .idle: "idle"
        }
    }

    /// All that is sent from now on, each answered with `answer`.
    private func drain(_ queue: inout DestinationQueue, at seconds: Double) -> [String] {
        var said: [String] = []
        while true {
            let step = queue.next(at: time(seconds), mandate: .everything)
            if case .idle = step { return said }
            said.append(sent(step))
            if case .send = step { _ = queue.finished(.delivered("ok"), at: time(seconds), jitter: 0) }
            if case .summarise(let summary, _) = step { queue.release(summary.id) }
        }
    }

    @Test func `nothing is sent before it survives a crash, and the same one comes once`() {
        var queue = queue()
        let first = notice("a", ["x"], at: 0)
        #expect(queue.add(first, isKept: false, at: time(0)).0 == first)
        #expect(drain(&queue, at: 0).isEmpty)
        queue.release(first.id)
        #expect(drain(&queue, at: 0) == ["send a@0.0"])
        #expect(queue.add(first, isKept: true, at: time(1)).0 == nil)
        #expect(queue.count == 0)
    }

    @Test func `a newer state takes the place of an unsent one, and an end never comes before its beginning`() {
        var queue = queue()
        func add(_ queued: QueuedNotice) -> [String] {
            queue.add(queued, isKept: true, at: queued.notice.at).1.map(\.queued.id)
        }
        #expect(add(notice("a", ["x"], at: 0)) == [])
        #expect(add(notice("a", ["x", "y"], at: 1)) == ["a@0.0"])
        #expect(add(notice("a", ["-x", "-y"], at: 2)) == [])
        #expect(add(notice("a", ["z"], at: 3)) == ["a@2.0", "a@1.0"])
        #expect(add(notice("a", ["-z"], at: 4)) == [])
        #expect(drain(&queue, at: 5) == ["send a@3.0", "send a@4.0"])
    }

    @Test func `the end of an alert that only the replaced message knew is told by the newer one`() {
        var queue = queue()
        _ = queue.add(notice("a", ["x", "-y"], at: 0), isKept: true, at: time(0))
        let newer = queue.add(notice("a", ["x"], at: 1), isKept: true, at: time(1)).0
        #expect(newer?.notice.alerts.map { $0.labels["instance"] } == ["x", "y"])
        #expect(newer?.notice.resolved.count == 1)
    }

    @Test func `what fails goes back to its place, waits as it is told to, and is replaced by what is newer`() {
        var queue = queue()
        _ = queue.add(notice("a", ["x"], at: 0), isKept: true, at: time(0))
        _ = queue.add(notice("b", ["x"], at: 0), isKept: true, at: time(0))
        #expect(sent(queue.next(at: time(0), mandate: .everything)) == "send a@0.0")
        #expect(sent(queue.next(at: time(0), mandate: .everything)) == "idle", "one at a time")
        _ = queue.add(notice("a", ["x", "y"], at: 1), isKept: true, at: time(1))
        let settlement = queue.finished(.retry("HTTP 429", after: .seconds(30)), at: time(2), jitter: 0)
        #expect(settlement?.result == .retry)
        #expect(settlement?.queued.nextAt == time(32))
        #expect(drain(&queue, at: 31) == ["superseded a@0.0"], "the whole destination is left alone")
        #expect(drain(&queue, at: 32) == ["send b@0.0", "send a@1.0"])
    }

    @Test func `pauses double from a second to a minute`() {
        func pause(_ attempts: Int, after: Duration? = nil, jitter: Double = 1) -> Double {
            Double(RetryPolicy.next(attempts: attempts, after: after, now: .zero, jitter: jitter).nanoseconds) / 1e9
        }
        #expect([1, 2, 3, 7, 40].map { pause($0) } == [1, 2, 4, 60, 60])
        #expect(pause(1, jitter: 0) == 0.5)
        #expect(pause(1, after: .seconds(30)) == 30)
    }

    @Test(arguments: [
        ("120", 120), ("-5", 0), ("99999999", 3600), ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60), ("Sun Nov  6 08:50:37 1994", 60), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Sun, 06 Nov 1999 08:00:00 GMT", 3600), ("soon", nil), ("Sun, 41 Nov 1994 08:50:37 GMT", nil), ("", nil),
    ])
    func `a wish to wait is seconds or a date, and an hour at most`(text: String, seconds: Int?) {
        let response = HTTPResponse(
            status: 429, headers: [("Retry-After", text), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")], body: [])
        #expect(DeliveryAnswer.retryAfter(response) == seconds.map { .seconds($0) })
    }

    @Test func `what is critical goes first, and alone when only that may be sent`() {
        var queue = queue()
        _ = queue.add(notice("a", ["x"], at: 0), isKept: true, at: time(0))
        _ = queue.add(notice("b", ["x"], at: 1, severity: "critical"), isKept: true, at: time(1))
        #expect(sent(queue.next(at: time(2), mandate: .nothing)) == "idle")
        #expect(sent(queue.next(at: time(2), mandate: .criticalOnly)) == "send b@1.0")
        _ = queue.finished(.delivered("ok"), at: time(2), jitter: 0)
        #expect(sent(queue.next(at: time(2), mandate: .criticalOnly)) == "idle")
        #expect(drain(&queue, at: 2) == ["send a@0.0"])
    }

    @Test func `a provider's rate is kept`() {
        var queue = queue {
            $0.perMinute = 20
            $0.burst = 3
        }
        for index in 0..<10 { _ = queue.add(notice("g\(index)", ["x"], at: 0), isKept: true, at: time(0)) }
        var times: [Double] = []
        for tenth in 0..<400 {
            times += drain(&queue, at: Double(tenth) / 10).map { _ in Double(tenth) / 10 }
        }
        #expect(times == [0, 0, 0, 3, 6, 9, 12, 15, 18, 21])
    }

    @Test func `what is late is given up and not sent`() {
        var queue = queue()
        _ = queue.add(notice("a", ["x"], at: 0), isKept: true, at: time(0))
        #expect(drain(&queue, at: 3599) == ["send a@0.0"])
        _ = queue.add(notice("a", ["-x"], at: 10), isKept: true, at: time(10))
        #expect(drain(&queue, at: 3610) == ["expired a@10.0"])
    }

    @Test func `how long a message is of use depends on what it tells`() {
        let usual = notice("a", ["x"], at: 0).notice
        func expiry(_ notice: Notice) -> Timestamp { Self.free.expiry(of: notice, eventsAfter: .seconds(600)) }
        func changed(_ change: (inout Alert) -> Void) -> Notice {
            var alert = usual.alerts[0]
            change(&alert)
            return Notice(
                key: usual.key, receiver: "", groupLabels: .none, alerts: [alert], entry: usual.entry, reason: .first,
                at: usual.at)
        }
        #expect(expiry(usual) == time(3600))
        #expect(expiry(changed { $0.kind = .event }) == time(600))
        #expect(expiry(changed { $0.annotations = Labels(["deliver_within": "90s"]) }) == time(90))
        for nonsense in ["", "s", "-1m", "1.5m", "99999999999999999999h", "5"] {
            #expect(expiry(changed { $0.annotations = Labels(["deliver_within": nonsense]) }) == time(3600))
        }
    }

    @Test func `in a storm the rest is one message, critical ones come single, and nothing goes untold`() {
        var queue = queue { $0.stormLimit = 5 }
        var told: [String] = []
        var sentAlerts: Set<String> = []
        var messages = 0
        for second in 0..<200 {
            let now = Double(second)
            if second < 100 {
                let severity = second % 25 == 0 ? "critical" : "warning"
                let queued = notice("g\(second)", ["x"], at: now, severity: severity)
                _ = queue.add(queued, isKept: true, at: time(now))
                told.append(queued.id)
            }
            while true {
                let step = queue.next(at: time(now), mandate: .everything)
                if case .idle = step { break }
                if case .summarise(let summary, _) = step { queue.release(summary.id) }
                if case .send(let queued) = step {
                    messages += 1
                    sentAlerts.formUnion(queued.notice.alerts.map { $0.labels["alertname"] })
                    if queued.isCritical { #expect(queued.notice.alerts.count == 1) }
                    _ = queue.finished(.delivered("ok"), at: time(now), jitter: 0)
                }
            }
        }
        #expect(sentAlerts.count == 100, "nothing goes untold")
        #expect(messages < 20, "\(messages) messages for 100 notices")
        #expect(queue.count == 0)
    }

    /// The first summary cannot be sent; meanwhile a second one comes, and an alert of the first ends.
    @Test func `each summary of a storm arrives, and an end waits for the summary that tells its beginning`() {
        var queue = queue { $0.stormLimit = 5 }
        for index in 0..<12 { _ = queue.add(notice("a\(index)", ["x"], at: 0), isKept: true, at: time(0)) }
        func summarise(at seconds: Double) -> String {
            guard case .summarise(let summary, _) = queue.next(at: time(seconds), mandate: .everything) else {
                return ""
            }
            queue.release(summary.id)
            return summary.id
        }
        let first = summarise(at: 10)
        #expect(sent(queue.next(at: time(10), mandate: .everything)) == "send \(first)")
        for index in 0..<12 { _ = queue.add(notice("b\(index)", ["x"], at: 60), isKept: true, at: time(60)) }
        _ = queue.add(notice("a3", ["-x"], at: 65, severity: "info"), isKept: true, at: time(65))
        _ = queue.finished(.retry("HTTP 500", after: nil), at: time(69), jitter: 1)
        let second = summarise(at: 70)
        #expect(second != first)
        let told = drain(&queue, at: 140)
        #expect(told == ["send \(first)", "send \(second)"], "\(told)")
        #expect(queue.count == 0)
    }

    @Test func `of what has ended a destination that hears of no ends is told nothing`() {
        var queue = queue()
        _ = queue.add(notice("a", ["x"], at: 0), isKept: true, at: time(0))
        _ = queue.add(notice("b", ["x"], at: 0), isKept: true, at: time(0))
        let gone = queue.forget(notice("a", [], at: 0).notice.key, before: time(5))
        #expect(gone.map(\.queued.id) == ["a@0.0"] && gone.map(\.result) == [.superseded])
        #expect(drain(&queue, at: 6) == ["send b@0.0"])
    }

    @Test func `a full queue gives up the oldest that is not critical, and says so`() {
        var queue = queue()
        _ = queue.add(notice("first", ["x"], at: 0, severity: "critical"), isKept: true, at: time(0))
        for index in 1..<DestinationQueue.waitingMax {
            _ = queue.add(notice("g\(index)", ["x"], at: 0), isKept: true, at: time(0))
        }
        let settled = queue.add(notice("last", ["x"], at: 1), isKept: true, at: time(1)).1
        #expect(settled.map(\.queued.id) == ["g1@0.0"])
        #expect(settled.map(\.result) == [.dropped])
        #expect(queue.count == DestinationQueue.waitingMax)
    }

    /// Against a model of what a reader sees: in each group firing and resolved alternate, the last word arrives, and
    /// nothing is sent twice.
    @Test(arguments: [1, 7, 42] as [UInt64])
    func `whatever comes and fails, each group is told in turn and to its end`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = queue { $0.stormLimit = 0 }
        var last: [String: Bool] = [:]
        var heard: [String: [Bool]] = [:]
        var ids: Set<String> = []
        for second in 0..<2000 {
            let now = Double(second)
            if second < 1500, Int.random(in: 0..<3, using: &random) == 0 {
                let group = "g\(Int.random(in: 0..<5, using: &random))"
                let firing = !(last[group] ?? false)
                last[group] = firing
                _ = queue.add(notice(group, [firing ? "x" : "-x"], at: now), isKept: true, at: time(now))
            }
            while case .send(let queued) = queue.next(at: time(now), mandate: .everything) {
                let isDown = second < 1500 && Int.random(in: 0..<2, using: &random) == 0
                if !isDown {
                    #expect(ids.insert(queued.id).inserted, "seed \(seed): \(queued.id) is sent twice")
                    heard[queued.notice.key.group, default: []].append(queued.notice.isFiring)
                }
                _ = queue.finished(
                    isDown ? .retry("no", after: nil) : .delivered("ok"), at: time(now), jitter: 0)
            }
            if case .settle = queue.next(at: time(now), mandate: .everything) {}
        }
        for (group, states) in heard {
            #expect(states.last == last[group], "seed \(seed): \(group) does not know how it is")
            #expect(states.first == true, "seed \(seed): \(group) heard of an end first")
            for (earlier, later) in zip(states, states.dropFirst()) {
                #expect(earlier != later, "seed \(seed): \(group) is told the same twice")
            }
        }
        #expect(queue.count == 0)
    }
}
