import AlertingCore
import Domain
import Foundation
import TestKit
import Testing

/// What holds for every traffic. Seeds are printed with what fails.
struct AlertBookPropertyTests {
    private static let steps = 700

    /// Runs traffic through a book; `each` sees every step's notices.
    private func run(
        _ seed: UInt64, change: (inout AlertBook, Timestamp, Int) throws -> Void = { _, _, _ in },
        each: (AlertTraffic.Step, [Notice], AlertBook, Timestamp) throws -> Void
    ) throws {
        var traffic = AlertTraffic(seed: seed)
        var book = AlertBook(try AlertTraffic.settings())
        for number in 0..<Self.steps {
            let step = try traffic.next()
            var notices: [Notice] = []
            switch step {
            case .post(let posted): _ = book.receive(posted, at: traffic.now)
            case .silence(let draft, let id): _ = try book.silences.set(draft, newID: id, at: traffic.now)
            case .expire(let id): _ = try book.silences.expire(id, at: traffic.now)
            case .advance: notices = book.advance(to: traffic.now)
            }
            try each(step, notices, book, traffic.now)
            try change(&book, traffic.now, number)
        }
    }

    @Test(arguments: UInt64(1)...40)
    func `it says what the slow book says`(seed: UInt64) throws {
        var slow = SlowBook(try AlertTraffic.settings())
        var count = 0
        try run(seed) { step, notices, book, now in
            switch step {
            case .post(let posted): for post in posted { slow.receive(post, at: now) }
            case .silence, .expire: slow.silences = book.silences.all(at: now)
            case .advance:
                let said = slow.advance(to: now)
                count += said.count
                #expect(notices.said == said, "seed \(seed) at \(now)")
            }
        }
        #expect(count > 40, "seed \(seed): so few notices test nothing")
    }

    @Test(arguments: UInt64(41)...48)
    func `going on from what was stored changes nothing, whenever it happens`(seed: UInt64) throws {
        var plain: [[String]] = []
        try run(seed) { _, notices, _, _ in plain.append(notices.said) }
        var random = SeededRandom(seed: seed)
        var restored: [[String]] = []
        try run(
            seed,
            change: { book, now, _ in
                guard Int.random(in: 0..<10, using: &random) == 0 else { return }
                let data = try JSONEncoder().encode(book.state(at: now))
                let state = try JSONDecoder().decode(AlertBook.State.self, from: data)
                var other = AlertBook(try AlertTraffic.settings())
                other.restore(state, at: now)
                let isSame = other.state(at: now) == state
                #expect(isSame, "seed \(seed)")
                book = other
            }, each: { _, notices, _, _ in restored.append(notices.said) })
        let first = zip(plain, restored).first { $0 != $1 }
        #expect(first == nil, "seed \(seed)")
    }

    @Test(arguments: UInt64(61)...80)
    func `nothing is told twice, and no end before its beginning`(seed: UInt64) throws {
        var last: [ToldKey: Notice] = [:]
        let repeats = ["team": 100, "archive": 90]
        try run(seed) { _, notices, _, _ in
            for notice in notices where notice.reason != nil {
                let old = last[notice.key]
                #expect(notice.isFiring || old?.isFiring == true, "seed \(seed): \(notice.key) ends what was not told")
                if let old, old.firing.map(\.fingerprint) == notice.firing.map(\.fingerprint),
                    old.resolved.map(\.fingerprint) == notice.resolved.map(\.fingerprint), notice.reason == .repeated
                {
                    let least = Int64(repeats[notice.receiver] ?? 50)
                    #expect(notice.at - old.at >= .seconds(least), "seed \(seed): \(notice.key) is told twice")
                }
                last[notice.key] = notice
            }
            for notice in notices where notice.reason == nil { last[notice.key] = nil }
        }
    }

    /// The longest group_wait and group_interval of the routes of the traffic, and its longest step.
    @Test(arguments: UInt64(81)...86)
    func `what fires and is heard for long enough has been told`(seed: UInt64) throws {
        var told: [ToldKey: Set<Fingerprint>] = [:]
        var heardSince: [Fingerprint: Timestamp] = [:]
        var checked = 0
        try run(seed) { step, notices, book, now in
            guard case .advance = step else { return }
            for notice in notices { told[notice.key] = Set(notice.entry.firing) }
            var heard: [Fingerprint: Timestamp] = [:]
            for view in book.alertViews(at: now) where view.status.state == .active {
                heard[view.alert.fingerprint] = heardSince[view.alert.fingerprint] ?? now
            }
            heardSince = heard
            for group in book.groupViews(at: now) where group.mutedBy.isEmpty && group.receiver != "archive" {
                for view in group.alerts {
                    guard let since = heard[view.alert.fingerprint], now - since > .seconds(10 + 20 + 8) else {
                        continue
                    }
                    let keys = told.keys.filter { $0.group == group.key }
                    checked += 1
                    #expect(
                        !keys.isEmpty && keys.allSatisfy { told[$0]?.contains(view.alert.fingerprint) == true },
                        "seed \(seed): \(view.alert.labels) is untold in \(group.key)")
                }
            }
        }
        #expect(checked > 20, "seed \(seed): so few tests nothing")
    }

    @Test(arguments: UInt64(101)...110)
    func `what a group says of its next notice comes true`(seed: UInt64) throws {
        var traffic = AlertTraffic(seed: seed)
        var book = AlertBook(try AlertTraffic.settings())
        for _ in 0..<200 {
            switch try traffic.next() {
            case .post(let posted): _ = book.receive(posted, at: traffic.now)
            case .silence, .expire: break
            case .advance: _ = book.advance(to: traffic.now)
            }
        }
        // From here on nothing comes: each group's first notice is the one it said, unless an end comes before.
        let now = traffic.now
        for group in book.groupViews(at: now) where group.receiver != "archive" {
            var alone = book
            guard let next = group.next, !group.alerts.contains(where: { $0.alert.endsAt <= next.at }) else { continue }
            var first: Notice?
            while first == nil, let flush = alone.nextFlush, flush <= next.at {
                first = alone.advance(to: flush).first { $0.key.group == group.key && $0.reason != nil }
            }
            #expect(first?.at == next.at && first?.reason == next.reason, "seed \(seed): \(group.key) \(next)")
        }
    }
}
