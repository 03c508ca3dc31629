import Domain

/// Counts request weight per minute as the exchange does: over the limit is 429, going on after that is 418.
struct WeightCounter: Sendable, Equatable {
    let limit: Int
    private(set) var used = 0
    private var minute = Timestamp.zero
    private var warnings = 0
    private var bannedUntil = Timestamp.zero

    init(limit: Int) { self.limit = limit }

    /// A refusal: the status, and the seconds to wait.
    struct Refusal: Equatable {
        let status: Int
        let retryAfter: Int
    }

    /// Counts a request; nil when it may pass.
    mutating func count(_ weight: Int, now: Timestamp) -> Refusal? {
        if now < bannedUntil { return Refusal(status: 418, retryAfter: seconds(until: bannedUntil, now)) }
        let current = Timeframe.minute1.open(containing: now)
        if current != minute {
            minute = current
            used = 0
            warnings = 0
        }
        used += weight
        guard used > limit else { return nil }
        warnings += 1
        guard warnings > 20 else { return Refusal(status: 429, retryAfter: seconds(until: minute + .minutes(1), now)) }
        bannedUntil = now + .minutes(2)
        return Refusal(status: 418, retryAfter: 120)
    }

    private func seconds(until end: Timestamp, _ now: Timestamp) -> Int {
        Int((end - now).nanoseconds / 1_000_000_000) + 1
    }
}
