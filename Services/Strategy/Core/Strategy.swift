package import Domain

/// The figures of a final candle that strategies decide by.
///
/// Without the symbol, so that a window of bars is plain memory and costs no reference counts.
package struct Bar: Hashable, Sendable {
    package let openTime: Timestamp
    package let open: Price
    package let high: Price
    package let low: Price
    package let close: Price
    /// In the base asset.
    package let volume: Quantity

    package init(openTime: Timestamp, open: Price, high: Price, low: Price, close: Price, volume: Quantity) {
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
    }

    /// The figures of `candle`.
    package init(_ candle: Candle) {
        self.init(
            openTime: candle.openTime, open: candle.open, high: candle.high, low: candle.low, close: candle.close,
            volume: candle.volume)
    }
}

/// What a strategy wants at a close.
package enum Intent: Hashable, Sendable {
    /// Open a long position, given up at `stop` and taken at `target`; `confidence` is 0 … 1, `reasons` are in words.
    case enter(stop: Price, target: Price, confidence: Ratio, reasons: [String])
    /// Close it.
    case exit(confidence: Ratio, reasons: [String])
}

/// A rule that turns the last `window` bars into an intent.
///
/// Implementations are values that depend on nothing but the bars they were given since the last `reset`, and on no more than
/// the last `window` of them: the same window gives the same intent, whatever came before it. That is what makes a
/// re-evaluation after a restart repeat every signal and invent none.
package protocol Strategy: Sendable {
    /// How many bars in a row a decision needs, the deciding one included; at least 1.
    var window: Int { get }

    /// Takes the bar that follows the last one without a hole. Gives an intent once `window` bars in a row were taken.
    ///
    /// - Throws: whatever keeps it from deciding; the instance is then stopped and reported, the others go on.
    mutating func next(_ bar: Bar) throws -> Intent?

    /// Forgets all bars: the next one starts a new window.
    mutating func reset()
}
