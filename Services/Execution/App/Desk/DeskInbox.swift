import Domain
import ExecutionCore
import Synchronization

/// What waits for a desk. Bounded: prices are folded into a range, the rest is looked up again when too much came.
final class DeskInbox: Sendable {
    struct Work: Sendable {
        /// Orders somebody rang for.
        var orders: [String] = []
        /// What the venue told by itself.
        var news: [VenueOrder] = []
        /// What the prints since the last look reached.
        var touched = TouchedPrices()
        /// Reports may have been lost: ask the venue for everything.
        var looksAgain = false
        var control = false
    }

    private static let limit = 4096
    private let state = Mutex(Work())
    private let watching = Atomic(false)
    private let wake: AsyncStream<Void>.Continuation
    /// A wish to look into the inbox, never more than one at a time.
    let wakes: AsyncStream<Void>

    init() { (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring(for order: String) {
        state.withLock { if $0.orders.count < Self.limit, !$0.orders.contains(order) { $0.orders.append(order) } }
        wake.yield()
    }

    func add(_ news: VenueOrder) {
        state.withLock { work in
            if work.news.count < Self.limit { work.news.append(news) } else { work.looksAgain = true }
        }
        wake.yield()
    }

    /// Wakes the desk only while it watches prices itself.
    func add(_ prints: [Print]) {
        state.withLock { work in
            for print in prints { work.touched.note(print.price, at: print.time) }
        }
        if isWatching { wake.yield() }
    }

    func lookAgain() {
        state.withLock { $0.looksAgain = true }
        wake.yield()
    }

    func control() {
        state.withLock { $0.control = true }
        wake.yield()
    }

    func poke() { wake.yield() }

    func close() { wake.finish() }

    func watch(_ on: Bool) { watching.store(on, ordering: .relaxed) }

    /// The desk watches prices itself.
    var isWatching: Bool { watching.load(ordering: .relaxed) }

    func take() -> Work {
        state.withLock { work in
            defer { work = Work() }
            return work
        }
    }
}
