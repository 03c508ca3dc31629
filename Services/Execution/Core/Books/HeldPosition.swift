package import Domain

/// A position with what is known of its round trip: from the fill that opened it until nothing sellable is left.
package struct HeldPosition: Hashable, Sendable {
    /// Derived from the fill that opened it: an order may open a position, be stopped out, and open the next.
    package private(set) var id: String
    package let account: String
    package private(set) var position: Position
    /// False once nothing sellable is left; dust may remain and joins the next round trip.
    package private(set) var isOpen: Bool
    package private(set) var strategy: String
    package private(set) var stop: Price?
    package private(set) var target: Price?
    package private(set) var openedAt: Timestamp
    package private(set) var tally: Tally

    /// The sums of a round trip.
    package struct Tally: Hashable, Sendable {
        package var bought: Quantity
        package var boughtFor: Money
        package var sold: Quantity
        package var soldFor: Money
        package var realised: Money
        package var fees: Money

        package init(
            bought: Quantity = .zero, boughtFor: Money = .zero, sold: Quantity = .zero, soldFor: Money = .zero,
            realised: Money = .zero, fees: Money = .zero
        ) {
            self.bought = bought
            self.boughtFor = boughtFor
            self.sold = sold
            self.soldFor = soldFor
            self.realised = realised
            self.fees = fees
        }
    }

    /// Takes a position up as it is booked.
    package init(
        id: String, account: String, position: Position, isOpen: Bool, strategy: String, stop: Price?, target: Price?,
        openedAt: Timestamp, tally: Tally
    ) {
        self.id = id
        self.account = account
        self.position = position
        self.isOpen = isOpen
        self.strategy = strategy
        self.stop = stop
        self.target = target
        self.openedAt = openedAt
        self.tally = tally
    }

    /// Nothing of `symbol` yet.
    package init(account: String, symbol: Symbol) {
        self.init(
            id: "", account: account, position: Position(symbol: symbol), isOpen: false, strategy: "", stop: nil,
            target: nil, openedAt: .zero, tally: Tally())
    }

    /// A finished round trip.
    package struct RoundTrip: Hashable, Sendable {
        /// Derived from the position.
        package let id: String
        package let account: String
        package let symbol: Symbol
        package let strategy: String
        /// What was sold in all.
        package let quantity: Quantity
        /// Averages over the fills.
        package let entryPrice: Price
        package let exitPrice: Price
        package let openedAt: Timestamp
        package let closedAt: Timestamp
        /// Against the average cost, fees apart.
        package let realised: Money
        package let fees: Money
        /// The purpose of the order that closed it.
        package let reason: String
    }

    /// What a fill changed.
    package struct Effect: Hashable, Sendable {
        package let booking: Position.Booking
        /// Set by the fill that left nothing sellable.
        package let closed: RoundTrip?
    }

    /// Books a fill of `order`. Pure: the same fills make the same rows, live, on paper and in the backtest.
    ///
    /// - Parameter lot: less than this cannot be sold: the round trip is over.
    /// - Throws: `Position.BookingError`, and nothing has changed.
    package mutating func book(_ fill: Fill, of order: Order, lot: Quantity) throws(Position.BookingError) -> Effect {
        let booking = try position.book(fill)
        if fill.side == .buy {
            if !isOpen { open(by: fill, of: order) }
            // Sums of a round trip, for its row in the trades only: they stay at the end of the range.
            let (sum, overflowed) = tally.bought.raw.addingReportingOverflow(fill.quantity.raw - fill.feeInBase.raw)
            tally.bought = Quantity(raw: overflowed ? .max : sum)
            tally.boughtFor += fill.notional
            if let stop = order.protectiveStop { self.stop = stop }
            if let target = order.protectiveTarget { self.target = target }
        } else {
            let (sum, overflowed) = tally.sold.raw.addingReportingOverflow(fill.quantity.raw)
            tally.sold = Quantity(raw: overflowed ? .max : sum)
            tally.soldFor += fill.notional
        }
        tally.realised += booking.realised
        tally.fees += booking.fee
        guard fill.side == .sell, isOpen, !position.quantity.roundedDown(to: lot).isPositive else {
            return Effect(booking: booking, closed: nil)
        }
        isOpen = false
        return Effect(booking: booking, closed: roundTrip(closedBy: order, at: fill.time))
    }

    private mutating func open(by fill: Fill, of order: Order) {
        id = DerivedID.make("pos", order.id, fill.venueTradeID)
        isOpen = true
        strategy = order.strategy
        stop = nil
        target = nil
        openedAt = fill.time
        tally = Tally()
    }

    private func roundTrip(closedBy order: Order, at time: Timestamp) -> RoundTrip {
        RoundTrip(
            id: DerivedID.make("trd", id), account: account, symbol: position.symbol, strategy: strategy,
            quantity: tally.sold, entryPrice: tally.boughtFor.perUnit(of: tally.bought) ?? .zero,
            exitPrice: tally.soldFor.perUnit(of: tally.sold) ?? .zero, openedAt: openedAt, closedAt: time,
            realised: tally.realised, fees: tally.fees, reason: order.purpose.rawValue)
    }
}
