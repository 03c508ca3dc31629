/// What the venue allows for one market, and the only place where a price and a quantity make money.
public struct Instrument: Hashable, Codable, Sendable {
    public let symbol: Symbol
    /// The asset that is bought and sold, `BTC`.
    public let base: String
    /// The asset that it is paid in, `USDT`.
    public let quote: String
    /// Prices are multiples of this.
    public let tickSize: Price
    /// Quantities are multiples of this.
    public let lotSize: Quantity
    public let minimumQuantity: Quantity
    public let maximumQuantity: Quantity
    /// Price × quantity is at least this.
    public let minimumNotional: Money

    public init(
        symbol: Symbol, base: String, quote: String, tickSize: Price, lotSize: Quantity,
        minimumQuantity: Quantity, maximumQuantity: Quantity, minimumNotional: Money
    ) {
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.tickSize = tickSize
        self.lotSize = lotSize
        self.minimumQuantity = minimumQuantity
        self.maximumQuantity = maximumQuantity
        self.minimumNotional = minimumNotional
    }

    /// Price × quantity, half-even.
    @inlinable
    public func notional(_ price: Price, _ quantity: Quantity) -> Money { price.times(quantity) }

    /// The rule of the venue that an order would break.
    public enum Violation: Error, Hashable, Sendable {
        case belowMinimumQuantity(Quantity, minimum: Quantity)
        case aboveMaximumQuantity(Quantity, maximum: Quantity)
        case belowMinimumNotional(Money, minimum: Money)
    }

    /// Rounds `quantity` down to the lot and checks it against the venue's rules at `price`.
    ///
    /// - Throws: the `Violation` that remains after rounding.
    public func admissible(_ quantity: Quantity, at price: Price) throws(Violation) -> Quantity {
        let rounded = quantity.roundedDown(to: lotSize)
        guard rounded >= minimumQuantity, rounded.isPositive else {
            throw .belowMinimumQuantity(rounded, minimum: minimumQuantity)
        }
        guard rounded <= maximumQuantity else { throw .aboveMaximumQuantity(rounded, maximum: maximumQuantity) }
        let value = notional(price, rounded)
        guard value >= minimumNotional else { throw .belowMinimumNotional(value, minimum: minimumNotional) }
        return rounded
    }
}

extension Instrument.Violation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .belowMinimumQuantity(let quantity, let minimum):
            "quantity \(quantity) is below the venue's minimum \(minimum)"
        case .aboveMaximumQuantity(let quantity, let maximum):
            "quantity \(quantity) is above the venue's maximum \(maximum)"
        case .belowMinimumNotional(let value, let minimum): "notional \(value) is below the venue's minimum \(minimum)"
        }
    }
}
