/// The money of one account in one currency, built from deposits, withdrawals and fills alone.
public struct Ledger: Hashable, Codable, Sendable {
    public private(set) var cash: Money
    public private(set) var deposits: Money
    public private(set) var withdrawals: Money
    public private(set) var realised: Money
    public private(set) var fees: Money
    /// What venues took of other assets, by asset: it came out of what the owner holds of them, not out of `cash`.
    public private(set) var foreignFees: [String: Money]
    /// By symbol; closed positions stay with quantity zero.
    public private(set) var positions: [Symbol: Position]

    public init() {
        cash = .zero
        deposits = .zero
        withdrawals = .zero
        realised = .zero
        fees = .zero
        foreignFees = [:]
        positions = [:]
    }

    /// Money came in.
    public mutating func deposit(_ amount: Money) {
        deposits += amount
        cash += amount
    }

    /// Money was taken out.
    public mutating func withdraw(_ amount: Money) {
        withdrawals += amount
        cash -= amount
    }

    /// Books a fill on its position and the cash.
    ///
    /// - Throws: `Position.BookingError`, and nothing has changed.
    @discardableResult
    public mutating func book(_ fill: Fill) throws(Position.BookingError) -> Position.Booking {
        var position = positions[fill.symbol] ?? Position(symbol: fill.symbol)
        let booking = try position.book(fill)
        positions[fill.symbol] = position
        cash += booking.cash
        realised += booking.realised
        fees += booking.fee
        if let foreign = fill.foreignFee { foreignFees[foreign.asset, default: .zero] += foreign.amount }
        return booking
    }

    /// The cost of what is held.
    public var openCost: Money { positions.values.reduce(.zero) { $0 + $1.cost } }

    /// Deposits − withdrawals + realised − fees − cash − cost of open positions: zero, or the books are wrong.
    public var imbalance: Money { deposits - withdrawals + realised - fees - cash - openCost }
}
