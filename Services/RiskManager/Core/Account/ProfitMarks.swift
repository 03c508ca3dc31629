package import Domain

/// The heights that losses are measured from, as profit: equity less net deposits.
///
/// They move at the end of each minute of exchange time, at the last prices before it and with the fills until then, and at
/// no other moment: so the running suite, whenever it looks, and the backtest measure the same losses.
package struct ProfitMarks: Hashable, Sendable {
    /// The highest profit ever.
    package private(set) var peak: Money
    /// The highest profit of the calendar month.
    package private(set) var monthPeak: Money
    /// The profit when the UTC day began.
    package private(set) var dayStart: Money
    /// The day that the two above belong to; nil before the first look.
    package private(set) var day: CivilDay?

    package init(peak: Money = .zero, monthPeak: Money = .zero, dayStart: Money = .zero, day: CivilDay? = nil) {
        self.peak = peak
        self.monthPeak = monthPeak
        self.dayStart = dayStart
        self.day = day
    }

    /// Looks at the profit at an exchange time. A time of an earlier day counts as the day it is already.
    package mutating func observe(profit: Money, at time: Timestamp) {
        let today =
            day.map { $0.includes(time) ? $0 : max(CivilDay(containing: time), $0) } ?? CivilDay(containing: time)
        if let day, day < today {
            dayStart = profit
            if !day.isInMonth(of: today) { monthPeak = profit }
        } else if day == nil {
            // Before the first look the profit was zero: an account is born with its deposit and nothing else.
            dayStart = .zero
        }
        day = today
        peak = max(peak, profit)
        monthPeak = max(monthPeak, profit)
    }

    /// The owner accepts the losses so far: from here on they are measured anew.
    package mutating func accept(_ limits: Set<Breach.Limit>, profit: Money) {
        if limits.contains(.drawdown) { peak = profit }
        if limits.contains(.drawdown) || limits.contains(.monthlyDrawdown) { monthPeak = profit }
        if limits.contains(.dailyLoss) { dayStart = profit }
    }

    /// Money was moved in or out: the distances from the marks grow or shrink with the equity, so that the ratios stay as they are.
    ///
    /// - Parameters:
    ///   - profit: now; moving money does not change it.
    ///   - equity: before the transfer; where it is not positive the distances stay.
    ///   - newEquity: after it.
    package mutating func transfer(profit: Money, equity: Money, newEquity: Money) {
        guard equity.isPositive, newEquity.isPositive else { return }
        func scaled(_ mark: Money) -> Money { profit + (mark - profit).scaled(newEquity, over: equity) }
        peak = scaled(peak)
        monthPeak = scaled(monthPeak)
        dayStart = scaled(dayStart)
    }
}

extension CivilDay {
    /// Without a division, since it is asked at every print.
    fileprivate func includes(_ time: Timestamp) -> Bool {
        time >= start && (time - start).nanoseconds < Timestamp.Span.days(1).nanoseconds
    }

    fileprivate func isInMonth(of other: CivilDay) -> Bool {
        let (mine, theirs) = (parts, other.parts)
        return mine.year == theirs.year && mine.month == theirs.month
    }
}

extension Money {
    /// This amount × numerator ÷ denominator. Where the product does not fit,
    /// by way of a ratio.
    fileprivate func scaled(_ numerator: Money, over denominator: Money) -> Money {
        let (product, overflowed) = raw.multipliedReportingOverflow(by: numerator.raw)
        return overflowed ? times(numerator.over(denominator)) : Money(raw: product / denominator.raw)
    }
}
