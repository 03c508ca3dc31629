/// Which side of the book an order or the aggressor of a trade is on.
public enum Side: String, Codable, Sendable, Hashable, CaseIterable {
    case buy
    case sell

    @inlinable public var opposite: Side { self == .buy ? .sell : .buy }
}

/// A trade that the exchange reported.
public struct Print: Hashable, Codable, Sendable {
    /// The exchange's trade id: consecutive per symbol, so that a hole is a loss.
    public let id: Int64
    public let symbol: Symbol
    public let price: Price
    public let quantity: Quantity
    /// Who crossed the spread.
    public let aggressor: Side
    /// Exchange time.
    public let time: Timestamp

    public init(id: Int64, symbol: Symbol, price: Price, quantity: Quantity, aggressor: Side, time: Timestamp) {
        self.id = id
        self.symbol = symbol
        self.price = price
        self.quantity = quantity
        self.aggressor = aggressor
        self.time = time
    }
}

/// The best bid and ask at a moment.
public struct Quote: Hashable, Codable, Sendable {
    public let symbol: Symbol
    public let bid: Price
    public let bidQuantity: Quantity
    public let ask: Price
    public let askQuantity: Quantity
    /// Exchange time; where the feed has none (Binance's bookTicker), the time of the newest print before it.
    public let time: Timestamp

    public init(
        symbol: Symbol, bid: Price, bidQuantity: Quantity, ask: Price, askQuantity: Quantity, time: Timestamp
    ) {
        self.symbol = symbol
        self.bid = bid
        self.bidQuantity = bidQuantity
        self.ask = ask
        self.askQuantity = askQuantity
        self.time = time
    }
}
