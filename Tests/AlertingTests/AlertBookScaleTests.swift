import AlertingCore
import Domain
import Testing

/// Steps are counted, so that the machine's speed does not matter.
struct AlertBookScaleTests {
    private static func posts(_ count: Int, groups: Int, to end: Timestamp) -> [PostedAlert] {
        (0..<count).map { number in
            PostedAlert(
                labels: Labels(["alertname": "A\(number % groups)", "instance": "host-\(number)"]),
                startsAt: Timestamp(seconds: 1000), endsAt: end)
        }
    }

    private func work(_ count: Int, groups: Int) -> AlertBook.Work {
        var book = AlertBook(
            AlertBook.Settings(
                route: Route(receiver: "team", groupBy: ["alertname"], groupWait: .seconds(30)),
                destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]]))
        let start = Timestamp(seconds: 1000)
        for round in 0..<3 {
            let posts = Self.posts(count, groups: groups, to: start + .seconds(2000))
            for first in stride(from: 0, to: count, by: 64) {
                _ = book.receive(Array(posts[first..<min(first + 64, count)]), at: start + .seconds(Int64(round)))
            }
            _ = book.advance(to: start + .seconds(Int64(round)))
        }
        #expect(book.advance(to: start + .seconds(30)).map(\.alerts.count).reduce(0, +) == count)
        _ = book.receive(Self.posts(count, groups: groups, to: start + .seconds(60)), at: start + .seconds(60))
        let ends = book.advance(to: start + .seconds(330))
        #expect(ends.count == groups && ends.allSatisfy { $0.reason == .allResolved })
        #expect(book.nextFlush == nil)
        return book.work
    }

    @Test func `every step is taken once for each alert and round, whatever their number`() {
        for (count, groups) in [(100, 10), (10_000, 10), (10_000, 1000)] {
            let work = work(count, groups: groups)
            #expect(work.entered == 4 * count)
            #expect(work.routed == count)
            #expect(work.taken == 2 * groups)
            #expect(work.looked == 2 * count)
            #expect(work.left == count)
            #expect(work.swept <= 2 * (count + groups))
        }
    }

    @Test func `what is over is forgotten`() {
        var book = AlertBook(
            AlertBook.Settings(
                route: Route(receiver: "team", groupBy: ["alertname"]),
                destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]]))
        let start = Timestamp(seconds: 1000)
        _ = book.receive(Self.posts(1000, groups: 100, to: start + .seconds(100)), at: start)
        for second in stride(from: Int64(0), through: 4000, by: 30) { _ = book.advance(to: start + .seconds(second)) }
        let state = book.state(at: start + .seconds(4000))
        #expect(state.alerts.isEmpty && state.groups.isEmpty && state.told.isEmpty)
    }
}
