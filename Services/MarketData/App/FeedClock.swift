import Domain
import MarketDataCore
import ServiceKit
import Synchronization

/// The two clocks of a feed: the exchange's, as far as it is known, and one that only runs forward.
///
/// The exchange's clock is ours, corrected by what the exchange says: a slow clock of our own must not make every print one
/// from the future. An exchange that is more than a minute behind replays the past, and its clock says nothing about ours.
final class FeedClock: Sendable {
    private let wall: any WallClock
    private let start = ContinuousClock.now
    private let offset = Atomic<Int64>(0)

    init(_ wall: any WallClock) { self.wall = wall }

    var moment: FeedMoment {
        let ahead = Timestamp.Span(nanoseconds: offset.load(ordering: .relaxed))
        return FeedMoment(exchangeTime: wall.now() + ahead, uptime: uptime)
    }

    /// Monotonic time since the service started.
    var uptime: Timestamp.Span { (ContinuousClock.now - start).span }

    /// The exchange said what time it is.
    func observe(_ exchangeTime: Timestamp) {
        let ahead = exchangeTime - wall.now()
        offset.store(ahead < .minutes(-1) ? 0 : ahead.nanoseconds, ordering: .relaxed)
    }
}
