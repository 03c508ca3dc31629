import Domain

/// What a venue has refused of a position's protection: to hold its exits, or to sell. Times are passed in.
///
/// Exits that it would not hold are watched here meanwhile, and offered again: ever more seldom, and at once when the price has
/// moved, since many refusals are about where the price is.
struct ExitRefusals: Sendable {
    /// How often in a row, and when it is tried again.
    private struct Refused: Sendable {
        var times: Int
        var at: ContinuousClock.Instant
        var next: ContinuousClock.Instant
        var price: Price?
    }

    private var position = ""
    private var version: Int64 = 0
    private var holding: Refused?
    private var selling: Refused?

    /// So far a price has to move to be another one.
    private static let move = Ratio(5, over: 1000)
    private static let shortest = Duration.seconds(5)

    init() {}

    /// The venue would not hold a set of exits of `position` with the market at `price`. Each order of a set tells of it; it
    /// counts once.
    mutating func refusedToHold(
        _ position: String, version: Int64, at price: Price?, now: ContinuousClock.Instant
    ) {
        follow(position)
        guard version != self.version else { return }
        self.version = version
        let times = (holding?.times ?? 0) + 1
        holding = Refused(
            times: times, at: now, next: now + Self.shortest * (1 << min(times - 1, 7)), price: price)
    }

    /// The venue would not sell when an exit of `position` fired.
    mutating func refusedToSell(_ position: String, now: ContinuousClock.Instant) {
        follow(position)
        let times = (selling?.times ?? 0) + 1
        selling = Refused(times: times, at: now, next: now + .milliseconds(500) * (1 << min(times - 1, 7)))
    }

    /// Whether the venue is asked to hold the exits of `position`.
    func offers(_ position: String, at price: Price?, now: ContinuousClock.Instant) -> Bool {
        guard position == self.position, let holding else { return true }
        if now >= holding.next { return true }
        guard let price, let before = holding.price, now >= holding.at + Self.shortest else { return false }
        return price.distance(from: before) >= Self.move
    }

    /// Whether an exit of `position` that is due is sent.
    func sells(_ position: String, now: ContinuousClock.Instant) -> Bool {
        guard position == self.position, let selling else { return true }
        return now >= selling.next
    }

    /// The venue took something of it.
    mutating func accepted(_ position: String) {
        if position == self.position { holding = nil }
    }

    private mutating func follow(_ position: String) {
        guard position != self.position else { return }
        self = ExitRefusals()
        self.position = position
    }
}
