package import Domain

/// How an account stands at the last prices.
package struct Performance: Hashable, Sendable {
    /// Cash and what the positions are worth.
    package let equity: Money
    /// Equity less net deposits.
    package let profit: Money
    /// What the positions are worth.
    package let held: Money
    /// What the positions are worth and what live entries hold back.
    package let exposure: Money
    /// With this look included.
    package let marks: ProfitMarks
    /// Of the highest equity, open profit included: 0 at the peak.
    package let drawdown: Ratio
    /// The same within the calendar month.
    package let monthlyDrawdown: Ratio
    /// Of the equity at the start of the UTC day: 0 when there is no loss.
    package let dailyLoss: Ratio

    /// Measures `account` at `prices`; a position without a price counts as its cost.
    ///
    /// - Parameter time: exchange time, decides which day and month it is.
    package init(_ account: AccountSnapshot, prices: [Symbol: PricePoint], at time: Timestamp) {
        let held = account.positions.reduce(Money.zero) { sum, position in
            sum + (prices[position.symbol].map { $0.price.times(position.quantity) } ?? position.cost)
        }
        self.init(
            cash: account.cash, held: held, reserved: account.reserved, netDeposits: account.netDeposits,
            marks: account.marks, at: time)
    }

    /// Measures an account of which the sums are known.
    package init(
        cash: Money, held: Money, reserved: Money, netDeposits: Money, marks: ProfitMarks, at time: Timestamp
    ) {
        self.held = held
        equity = cash + held
        profit = equity - netDeposits
        exposure = held + reserved
        var marks = marks
        marks.observe(profit: profit, at: time)
        self.marks = marks
        drawdown = Self.loss(from: marks.peak, to: profit, netDeposits: netDeposits)
        monthlyDrawdown = Self.loss(from: marks.monthPeak, to: profit, netDeposits: netDeposits)
        dailyLoss = Self.loss(from: marks.dayStart, to: profit, netDeposits: netDeposits)
    }

    /// The loss since `mark` as a share of what the equity was then, today's deposits included.
    private static func loss(from mark: Money, to profit: Money, netDeposits: Money) -> Ratio {
        let lost = mark - profit
        guard lost.isPositive else { return .zero }
        let base = mark + netDeposits
        return base.isPositive ? lost.over(base, .awayFromZero) : Ratio(raw: .max)
    }
}
