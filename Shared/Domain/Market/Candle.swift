/// Open, high, low, close and volume of a stretch of time.
public struct Candle: Hashable, Codable, Sendable {
    public let symbol: Symbol
    public let timeframe: Timeframe
    public let openTime: Timestamp
    public var open: Price
    public var high: Price
    public var low: Price
    public var close: Price
    /// In the base asset.
    public var volume: Quantity
    public var tradeCount: Int64
    /// Nothing about it can change any more, but for a correction under a new `revision`.
    public var isFinal: Bool
    /// 0 as first stored; each correction adds one.
    public var revision: Int
    /// Where it came from: `trades`, `klines` (the exchange's own), `mixed`.
    public var source: Source

    /// Where a candle's figures came from.
    public enum Source: String, Codable, Sendable {
        /// Built print by print.
        case trades
        /// The exchange's own candle.
        case klines
        /// Built from finer candles of both kinds.
        case mixed
    }

    public init(
        symbol: Symbol, timeframe: Timeframe, openTime: Timestamp, open: Price, high: Price, low: Price, close: Price,
        volume: Quantity, tradeCount: Int64, isFinal: Bool, revision: Int = 0, source: Source = .trades
    ) {
        self.symbol = symbol
        self.timeframe = timeframe
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.tradeCount = tradeCount
        self.isFinal = isFinal
        self.revision = revision
        self.source = source
    }

    /// The first moment after it.
    @inlinable public var closeTime: Timestamp { openTime + timeframe.span }
}
