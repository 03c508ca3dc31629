package import Domain
import Glibc
import Synchronization

/// Tells what time people say it is. For logs, rows and expiry at the rim; cores get their time as a parameter.
package protocol WallClock: Sendable {
    /// The current time, UTC.
    func now() -> Timestamp
}

/// The computer's clock.
package struct SystemClock: WallClock {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// A clock for tests that moves only when it is told to.
package final class ManualClock: WallClock {
    private let time: Mutex<Timestamp>

    package init(_ start: Timestamp = .zero) { self.time = Mutex(start) }

    package func now() -> Timestamp { time.withLock { $0 } }

    /// Moves the clock on.
    package func advance(by span: Timestamp.Span) { time.withLock { $0 = $0 + span } }

    /// Puts the clock to a moment.
    package func set(_ moment: Timestamp) { time.withLock { $0 = moment } }
}
