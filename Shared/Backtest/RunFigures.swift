package import Domain

/// The figures of a run.
package struct RunFigures: Sendable {
    package let startEquity: Money
    package let endEquity: Money
    /// Realised and open profit less fees.
    package let netProfit: Money
    /// As a share of the start.
    package let netReturn: Ratio
    package let fees: Money
    package let trades: Int
    /// Share of trades that brought more than their fees; nil without trades.
    package let winRate: Ratio?
    /// What the winners brought ÷ what the losers lost; nil without losers.
    package let profitFactor: Ratio?
    /// Mean profit in multiples of the risk taken; nil without trades that had a stop.
    package let averageMultiple: Ratio?
    /// The deepest fall of the equity from a peak, open profit included, on any print.
    package let maximumDrawdown: Ratio
    package let maximumDrawdownLoss: Money
    /// Share of the time in which something was held.
    package let exposureTime: Ratio
    /// Mean daily return ÷ its standard deviation × √365, without a riskless rate; nil for fewer than three days or no spread.
    package let sharpe: Double?

    /// - Parameters:
    ///   - held: how long something was held.
    ///   - span: how long the run was.
    package init(
        curve: EquityCurve, start: Money, end: Money, fees: Money, trades: [TradeRecord], held: Timestamp.Span,
        span: Timestamp.Span
    ) {
        startEquity = start
        endEquity = end
        netProfit = end - start
        netReturn = (end - start).over(start)
        self.fees = fees
        self.trades = trades.count
        let wins = trades.filter { $0.profit.isPositive }
        let losses = trades.filter { $0.profit.isNegative }
        winRate = trades.isEmpty ? nil : Ratio(Int64(wins.count), over: Int64(trades.count))
        let lost = losses.reduce(Money.zero) { $0 - $1.profit }
        profitFactor = lost.isPositive ? wins.reduce(Money.zero) { $0 + $1.profit }.over(lost) : nil
        let multiples = trades.compactMap(\.multiple)
        let sum = multiples.reduce(Int128(0)) { $0 + Int128($1.raw) }
        averageMultiple = multiples.isEmpty ? nil : Ratio(raw: Int64(clamping: sum / Int128(multiples.count)))
        maximumDrawdown = curve.deepest.share
        maximumDrawdownLoss = curve.deepest.loss
        exposureTime =
            span.nanoseconds > 0 ? Ratio(held.nanoseconds / 1000, over: max(span.nanoseconds / 1000, 1)) : .zero
        sharpe = Self.sharpe(Self.dailyEquity(curve.points))
    }

    /// The equity at the last point of each UTC day.
    static func dailyEquity(_ points: [EquityPoint]) -> [Money] {
        var days: [(day: CivilDay, equity: Money)] = []
        for point in points {
            // A point at midnight is the close of the day before.
            let day = CivilDay(containing: point.time - Timestamp.Span(nanoseconds: 1))
            if days.last?.day == day { days.removeLast() }
            days.append((day, point.equity))
        }
        return days.map(\.equity)
    }

    static func sharpe(_ equity: [Money]) -> Double? {
        guard equity.count > 2 else { return nil }
        let returns = zip(equity.dropFirst(), equity).map { $0.approximate / $1.approximate - 1 }
        let count = Double(returns.count)
        let mean = returns.reduce(0, +) / count
        let variance = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        guard variance > 0 else { return nil }
        return mean / variance.squareRoot() * Double(365).squareRoot()
    }
}
