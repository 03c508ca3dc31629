/// What a strategy wants, and why. Not an order: nothing is sized, nothing is allowed yet.
public struct Signal: Hashable, Codable, Sendable {
    /// What is wanted.
    public enum Action: String, Codable, Sendable {
        /// Open a long position.
        case enter
        /// Close the position this strategy holds.
        case exit
    }

    /// Derived from strategy, symbol, candle close and action: evaluating a close again makes the same id.
    public let id: String
    /// The strategy instance, such as `momentum-btc`.
    public let strategy: String
    public let symbol: Symbol
    public let timeframe: Timeframe
    /// The close time of the candle that decided.
    public let candleClose: Timestamp
    public let action: Action
    /// The close it was decided at.
    public let price: Price
    /// Where the position is given up; nil on an exit.
    public let stop: Price?
    /// Where the profit is taken; nil on an exit.
    public let target: Price?
    /// 0 … 1.
    public let confidence: Ratio
    /// In words, for the owner.
    public let reasons: [String]

    public init(
        strategy: String, symbol: Symbol, timeframe: Timeframe, candleClose: Timestamp, action: Action, price: Price,
        stop: Price?, target: Price?, confidence: Ratio, reasons: [String]
    ) {
        self.id = DerivedID.make("sig", strategy, symbol.name, String(candleClose.nanoseconds), action.rawValue)
        self.strategy = strategy
        self.symbol = symbol
        self.timeframe = timeframe
        self.candleClose = candleClose
        self.action = action
        self.price = price
        self.stop = stop
        self.target = target
        self.confidence = confidence
        self.reasons = reasons
    }
}
