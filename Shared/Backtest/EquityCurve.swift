package import Domain

/// What the account was worth at a moment.
package struct EquityPoint: Hashable, Sendable {
    package let time: Timestamp
    package let cash: Money
    /// Cash and what is held, at the last price.
    package let equity: Money
    /// The highest equity until then.
    package let peak: Money

    package init(time: Timestamp, cash: Money, equity: Money, peak: Money) {
        self.time = time
        self.cash = cash
        self.equity = equity
        self.peak = peak
    }

    /// How far the equity is below the highest before it, as a share of that.
    package var drawdown: Ratio { equity < peak ? (peak - equity).over(peak) : .zero }
}

/// The equity over time, open profit included, and the deepest fall from a peak on any print.
package struct EquityCurve: Sendable {
    /// One point for each recorded moment, oldest first.
    package private(set) var points: [EquityPoint] = []
    /// The highest equity so far.
    package private(set) var peak: Money
    /// The largest loss from a peak, as a share of that peak, and in money.
    package private(set) var deepest: (share: Ratio, loss: Money) = (.zero, .zero)
    /// The equity at its lowest since the last peak: the drawdown is only worked out where it can be a new extreme.
    private var floor: Money

    /// Starts at `equity`.
    package init(_ equity: Money) {
        peak = equity
        floor = equity
    }

    /// Marks the equity at a print.
    package mutating func mark(_ equity: Money) {
        if equity > peak {
            peak = equity
            floor = equity
        } else if equity < floor {
            floor = equity
            let loss = peak - equity
            let share = loss.over(peak)
            if share > deepest.share { deepest = (share, loss) }
        }
    }

    /// Marks the equity and keeps a point of it.
    package mutating func record(_ time: Timestamp, cash: Money, equity: Money) {
        mark(equity)
        points.append(EquityPoint(time: time, cash: cash, equity: equity, peak: peak))
    }
}
