/// What the owner trades towards.
public struct Goal: Hashable, Codable, Sendable {
    /// What the target means.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Profit of the calendar month as a share of the equity at its start; the target is a percentage.
        case monthlyReturn = "monthly_return"
        /// Profit of the calendar month in the account's currency.
        case monthlyIncome = "monthly_income"
        /// Equity in the account's currency.
        case portfolioValue = "portfolio_value"
    }

    public let id: String
    public let account: String
    public let kind: Kind
    /// Money, or per cent for `monthlyReturn`.
    public let target: Money
    /// What the equity was when the goal began.
    public let startEquity: Money
    public let start: Timestamp
    public let deadline: Timestamp

    public init(
        id: String, account: String, kind: Kind, target: Money, startEquity: Money, start: Timestamp,
        deadline: Timestamp
    ) {
        self.id = id
        self.account = account
        self.kind = kind
        self.target = target
        self.startEquity = startEquity
        self.start = start
        self.deadline = deadline
    }

    /// How much of the way is done: 0 at or below the start, 1 at the target, not more than 10.
    ///
    /// - Parameters:
    ///   - equity: equity now, deposits and withdrawals since `start` included.
    ///   - netDeposits: deposits less withdrawals since `start`: neither profit nor loss.
    public func progress(equity: Money, netDeposits: Money) -> Ratio {
        let profit = equity - netDeposits - startEquity
        let wanted: Money =
            switch kind {
            case .monthlyReturn: startEquity.times(Ratio(raw: Int64(clamping: target.raw / 100)))
            case .monthlyIncome: target
            case .portfolioValue: target - startEquity
            }
        guard wanted.isPositive else { return profit.isNegative ? .zero : .one }
        return min(max(profit.over(wanted), .zero), Ratio(10, over: 1))
    }
}
