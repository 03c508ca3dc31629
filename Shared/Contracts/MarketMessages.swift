public import Domain

/// Validated prints of one symbol, oldest first, without a hole inside.
public struct PrintBatch: Message {
    public static let type = "prints"
    public static let version = 1
    public let symbol: Symbol
    public let prints: [Print]
    public init(symbol: Symbol, prints: [Print]) {
        self.symbol = symbol
        self.prints = prints
    }
}

/// The newest best bid and ask of a symbol.
public struct QuoteUpdate: Message {
    public static let type = "quote"
    public static let version = 1
    public let quote: Quote
    public init(quote: Quote) { self.quote = quote }
}

/// A forming or final candle.
public struct CandleUpdate: Message {
    public static let type = "candle"
    public static let version = 1
    public let candle: Candle
    public init(candle: Candle) { self.candle = candle }
}

/// How one feed of one symbol is.
public struct SourceStatus: Message {
    public static let type = "source.status"
    public static let version = 1
    public let exchange: String
    public let symbol: Symbol
    public let connected: Bool
    /// No message for longer than the limit.
    public let stale: Bool
    /// Prints are missing and not refilled yet: nothing is final.
    public let gapOpen: Bool
    public let reason: String
    public init(exchange: String, symbol: Symbol, connected: Bool, stale: Bool, gapOpen: Bool, reason: String) {
        self.exchange = exchange
        self.symbol = symbol
        self.connected = connected
        self.stale = stale
        self.gapOpen = gapOpen
        self.reason = reason
    }
}
