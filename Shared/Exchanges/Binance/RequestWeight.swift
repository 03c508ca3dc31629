package import Domain

/// How much of the exchange's request weight is used in the current minute, and whether anything may be sent at all.
///
/// The exchange's own count, from its headers, always wins over ours. Its minutes are those of the wall clock; silence that it asked
/// for is measured by a clock that nobody can set, so that a corrected clock neither ends it nor holds exits back.
package struct RequestWeight: Sendable, Equatable {
    /// What a request is for.
    package enum Urgency: Sendable {
        /// Market data and other things that can wait: leaves the reserve alone.
        case data
        /// Orders: may use everything up to the limit.
        case order
    }

    /// Weight allowed per minute.
    package let limit: Int
    /// The part that only orders may use.
    package let reserve: Int
    /// Weight used since `windowStart`.
    package private(set) var used = 0
    private var windowStart: Timestamp
    private var blockedUntil: ContinuousClock.Instant?

    /// - Parameters:
    ///   - limit: weight per minute.
    ///   - reserve: the part of it that is kept for orders.
    package init(limit: Int = 6000, reserve: Int = 1200) {
        self.limit = limit
        self.reserve = reserve
        self.windowStart = Timestamp(nanoseconds: .min / 2)
    }

    /// Counts a request that is about to be sent; otherwise says how long to wait, and counts nothing.
    package mutating func take(
        _ weight: Int, for urgency: Urgency, now: Timestamp, at moment: ContinuousClock.Instant
    ) -> Duration? {
        if let blockedUntil, moment < blockedUntil { return blockedUntil - moment }
        roll(to: now)
        let allowed = urgency == .order ? limit : limit - reserve
        guard used + weight <= allowed else { return .nanoseconds((windowStart + .minutes(1) - now).nanoseconds) }
        used += weight
        return nil
    }

    /// The exchange said how much it has counted in this minute (header `X-MBX-USED-WEIGHT-1M`).
    package mutating func observe(used count: Int, now: Timestamp) {
        roll(to: now)
        used = max(0, count)
    }

    /// The exchange wants silence for this long.
    package mutating func block(for delay: Duration, at moment: ContinuousClock.Instant) {
        blockedUntil = max(blockedUntil ?? moment, moment + delay)
    }

    /// Minutes are the exchange's: whole ones.
    private mutating func roll(to now: Timestamp) {
        let minute = Timeframe.minute1.open(containing: now)
        guard minute != windowStart else { return }
        windowStart = minute
        used = 0
    }
}
