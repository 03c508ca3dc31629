import Bus
import Synchronization

/// What the hooks of a bus said.
final class Tally: Sendable {
    struct Counts {
        var published = 0
        var received = 0
        var dropped: [BusDropReason: Int] = [:]
        var refused: [String: Int] = [:]
        var connected: [Bool] = []
    }

    private let counts = Mutex(Counts())

    var now: Counts { counts.withLock { $0 } }

    var hooks: BusHooks {
        BusHooks(
            connected: { connected in self.counts.withLock { $0.connected.append(connected) } },
            published: { count in self.counts.withLock { $0.published += count } },
            dropped: { reason, count in self.counts.withLock { $0.dropped[reason, default: 0] += count } },
            received: { count in self.counts.withLock { $0.received += count } },
            refused: { kind, reason in self.counts.withLock { $0.refused["\(kind) \(reason)", default: 0] += 1 } })
    }
}
