import Domain
import ExecutionCore

/// An order that is not over, as its desk keeps it in mind.
struct TrackedOrder: Sendable {
    var booked: BookedOrder
    var life: OrderLife
    /// No request of ours can be accepted after this.
    var windowEnd: ContinuousClock.Instant
    /// When the venue is asked for it next.
    var nextLook: ContinuousClock.Instant
    /// When it is sent again, if it has to be.
    var nextSend: ContinuousClock.Instant
    /// How often it was asked for without learning anything.
    var looks = 0
    /// Trades that `life` counts and that were not in the books when it was taken up.
    private var trades: [String: Quantity] = [:]

    init(_ booked: BookedOrder, validity: Duration, now: ContinuousClock.Instant) {
        self.booked = booked
        life = OrderLife(
            quantity: booked.order.quantity, state: booked.state, filled: booked.filled, aside: booked.aside)
        windowEnd = now + validity
        nextLook = now
        nextSend = now
    }

    var id: String { booked.order.id }

    /// It was claimed and can be sent: nothing of it is at the venue.
    var isReady: Bool {
        if case .submitting(.ready) = life.stage { return true }
        return false
    }

    /// It rests at the venue, as far as is known.
    var isAtVenue: Bool {
        switch life.state {
        case .open, .partiallyFilled: true
        case .approved, .submitting, .filled, .cancelled, .rejected, .expired: false
        }
    }

    /// As the core sees a protective order.
    var liveExit: LiveExit? {
        var now = booked
        now.state = life.state
        now.filled = life.filled
        return now.liveExit
    }

    /// It is claimed, and its request leaves now.
    mutating func beginSending() {
        life = OrderLife(quantity: booked.order.quantity, aside: booked.aside)
        _ = life.handle(.claimed)
        _ = life.handle(.sending)
        booked.state = .submitting
    }

    /// Counts a fill while the books are away.
    mutating func count(_ fill: Fill) -> OrderAction {
        trades[fill.venueTradeID] = fill.quantity
        return life.handle(.filled(fill.quantity))
    }

    /// The fills the venue tells of that `life` does not count: what was in the books before came first.
    func uncounted(_ news: VenueOrder) -> [Fill] {
        func sum(_ parts: some Sequence<Quantity>) -> Int128 { parts.reduce(0) { $0 + Int128($1.raw) } }
        let unknown = news.fills.filter { trades[$0.venueTradeID] == nil }
        guard sum(news.fills.map(\.quantity)) == Int128(news.executed.raw) else {
            // One report of several: what was executed up to it says whether it is counted.
            return unknown.filter { Int128(life.filled.raw) + Int128($0.quantity.raw) <= Int128(news.executed.raw) }
        }
        var before = Int128(life.filled.raw) - sum(trades.values)
        return unknown.filter { fill in
            guard before > 0 else { return true }
            before -= Int128(fill.quantity.raw)
            return false
        }
    }

    /// Nothing of it is at the venue after all: it is watched here again.
    mutating func takeBack() {
        life = OrderLife(quantity: booked.order.quantity, aside: booked.aside)
        booked.state = .approved
        booked.isFired = false
    }

    /// Waits longer each time nothing new was learned.
    mutating func postpone(by shortest: Duration, upTo longest: Duration, now: ContinuousClock.Instant) {
        nextLook = now + min(shortest * (1 << min(looks, 10)), longest)
        looks += 1
    }
}
