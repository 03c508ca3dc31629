package import Domain

/// One strategy on one symbol and timeframe: hands it bars in order, and sees to holes and corrections.
///
/// A strategy is only ever asked about the newest bar it was given, so it cannot look ahead. A hole empties the window: nothing is
/// decided until it is whole again. A bar that corrects or completes the window changes what is decided from then on, never what
/// was decided before.
///
/// It holds its rule by protocol: a generic type that is only known at run time would run unspecialised, several times slower.
package struct StrategySeries: Sendable {
    private var rule: any Strategy
    private let window: Int
    private let span: Timestamp.Span
    /// The last bars, oldest first, at most `rule.window` of them.
    private var recent: [Bar] = []
    /// Where the oldest of `recent` is; they are kept in a ring.
    private var oldest = 0

    /// The open time of the newest bar; nil before the first.
    package private(set) var newest: Timestamp?

    package init(_ rule: any Strategy, timeframe: Timeframe) {
        self.rule = rule
        self.window = rule.window
        self.span = timeframe.span
        recent.reserveCapacity(window)
    }

    /// Takes a final bar.
    ///
    /// - Returns: what the strategy wants at its close; nil for a bar that is not newer than those before it.
    /// - Throws: what the strategy throws.
    package mutating func take(_ bar: Bar) throws -> Intent? {
        if let newest {
            guard bar.openTime > newest else {
                try correct(bar)
                return nil
            }
            if bar.openTime != newest + span { rule.reset() }
        }
        newest = bar.openTime
        keep(bar)
        return try rule.next(bar)
    }

    private mutating func keep(_ bar: Bar) {
        guard recent.count == window else {
            recent.append(bar)
            return
        }
        recent[oldest] = bar
        oldest = oldest + 1 == recent.count ? 0 : oldest + 1
    }

    /// Puts an older bar where it belongs and fills the window again; one from before the window, or an equal one, changes nothing.
    private mutating func correct(_ bar: Bar) throws {
        var bars = Array(recent[oldest...] + recent[..<oldest])
        let place = bars.firstIndex { $0.openTime >= bar.openTime } ?? bars.endIndex
        if place < bars.endIndex, bars[place].openTime == bar.openTime {
            guard bars[place] != bar else { return }
            bars[place] = bar
        } else {
            guard place > 0 || bars.count < window else { return }
            bars.insert(bar, at: place)
        }
        recent = Array(bars.suffix(window))
        oldest = 0
        rule.reset()
        var previous: Timestamp?
        for bar in recent {
            if let previous, bar.openTime != previous + span { rule.reset() }
            previous = bar.openTime
            _ = try rule.next(bar)
        }
    }
}

extension Signal {
    /// The signal that `intent` is at the close of `bar`.
    package init(_ intent: Intent, strategy: String, symbol: Symbol, timeframe: Timeframe, bar: Bar) {
        let close = bar.openTime + timeframe.span
        switch intent {
        case .enter(let stop, let target, let confidence, let reasons):
            self.init(
                strategy: strategy, symbol: symbol, timeframe: timeframe, candleClose: close, action: .enter,
                price: bar.close, stop: stop, target: target, confidence: confidence, reasons: reasons)
        case .exit(let confidence, let reasons):
            self.init(
                strategy: strategy, symbol: symbol, timeframe: timeframe, candleClose: close, action: .exit,
                price: bar.close, stop: nil, target: nil, confidence: confidence, reasons: reasons)
        }
    }
}
