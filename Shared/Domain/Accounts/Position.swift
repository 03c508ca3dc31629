/// What an account holds of one symbol, and what it cost. Spot: never negative.
public struct Position: Hashable, Codable, Sendable {
    public let symbol: Symbol
    public private(set) var quantity: Quantity
    /// What the quantity cost, fees apart. Average cost: a sale takes its share of it.
    public private(set) var cost: Money

    public init(symbol: Symbol, quantity: Quantity = .zero, cost: Money = .zero) {
        self.symbol = symbol
        self.quantity = quantity
        self.cost = cost
    }

    /// The average price paid; nil when nothing is held.
    public var averagePrice: Price? { cost.perUnit(of: quantity) }

    /// What it is worth above its cost at `price`.
    @inlinable
    public func unrealised(at price: Price) -> Money { price.times(quantity) - cost }

    /// Why a fill cannot be booked.
    public enum BookingError: Error, Equatable, Sendable {
        /// More was sold than is held: the books and the venue differ.
        case oversold(held: Quantity, sold: Quantity)
        /// With what is held it is more than a quantity can say, or the fee in the base asset is more than was bought,
        /// or the fill itself is no fill: nothing, or with a fee beyond all money.
        case outOfRange(held: Quantity, bought: Quantity)
    }

    /// What a fill changed besides the position.
    public struct Booking: Hashable, Sendable {
        /// Cash in (+) or out (−), fee included where it was paid in cash.
        public let cash: Money
        /// Profit or loss against the average cost, fees apart.
        public let realised: Money
        /// The fee, valued in the quote asset.
        public let fee: Money
    }

    /// Books `fill`. After it, Σ cash = Σ realised − Σ fees − cost, exactly.
    ///
    /// - Throws: `BookingError`, and nothing has changed.
    public mutating func book(_ fill: Fill) throws(BookingError) -> Booking {
        // No fill is so large; beyond it the sums below would not fit.
        guard fill.quantity.isPositive, !fill.price.isNegative, fill.fee.raw.magnitude < 1 << 120 else {
            throw .outOfRange(held: quantity, bought: fill.quantity)
        }
        let notional = fill.notional
        switch fill.side {
        case .buy:
            let (kept, tooMuch) = fill.quantity.raw.subtractingReportingOverflow(fill.feeInBase.raw)
            let (sum, overflowed) = quantity.raw.addingReportingOverflow(kept)
            guard !tooMuch, !overflowed, kept >= 0, !fill.feeInBase.isNegative else {
                throw .outOfRange(held: quantity, bought: fill.quantity)
            }
            quantity = Quantity(raw: sum)
            // A fee kept in the base asset was bought and given away: its price is a fee, not a cost of what is held.
            let paidInBase = fill.feeInBase.isZero ? Money.zero : fill.fee
            cost += notional - paidInBase
            return Booking(cash: -notional - (fill.fee - paidInBase), realised: .zero, fee: fill.fee)
        case .sell:
            guard fill.quantity <= quantity else { throw .oversold(held: quantity, sold: fill.quantity) }
            let part = cost.share(fill.quantity, of: quantity)
            quantity -= fill.quantity
            cost -= part
            return Booking(cash: notional - fill.fee, realised: notional - part, fee: fill.fee)
        }
    }
}
