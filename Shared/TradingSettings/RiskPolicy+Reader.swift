package import Domain
package import RiskManagerCore
package import ServiceKit

extension RiskPolicy {
    /// Shares are of the equity unless said otherwise.
    ///
    /// - `risk.risk_per_trade` (ratio, 0.0001 … 0.1, default 0.005): what one trade may lose at its stop; above 0.05 only if
    ///   accepted.
    /// - `risk.entry_expiry` (1s … 10m, default 30s), `risk.stale_price_after` (1s … 10m, default 15s): in exchange time.
    /// - `risk.limits.*`: see `RiskLimits`.
    /// - `risk.reserve_margin` (0 … 0.2, default 0.01): held back above an entry's notional.
    /// - `risk.goal_boost` (boolean, default true).
    ///
    /// - Parameter isAtStake: whether dangerous values must be accepted, as where money can be lost; not in a backtest.
    package init(_ reader: SettingsReader, isAtStake: Bool = true) {
        let caution = Caution(warnAbove: Ratio(2, over: 100), refuseAbove: Ratio(5, over: 100))
        self.init(
            riskPerTrade: reader.ratio(
                "risk.risk_per_trade", in: Ratio(1, over: 10_000)...Ratio(1, over: 10), default: Ratio(5, over: 1000),
                caution: isAtStake ? caution : nil),
            limits: RiskLimits(reader, isAtStake: isAtStake),
            entryExpiry: reader.duration(
                "risk.entry_expiry", in: .seconds(1)...(.seconds(600)), default: .seconds(30)
            ).span,
            stalePriceAfter: reader.duration(
                "risk.stale_price_after", in: .seconds(1)...(.seconds(600)), default: .seconds(15)
            ).span,
            goalFactors: GoalFactors(boost: reader.boolean("risk.goal_boost", default: true)),
            reserveMargin: reader.ratio(
                "risk.reserve_margin", in: .zero...Ratio(20, over: 100), default: Ratio(1, over: 100)))
    }
}

extension RiskLimits {
    /// Amounts above this are refused, so that no sum of them leaves the numbers of the suite.
    package static let amountMax = Money(raw: 1_000_000_000_000_000 * 100_000_000)

    /// - `risk.limits.position` (0.001 … 1, default 0.2; above 0.5 only if accepted), `risk.limits.gross_exposure` (default 0.8).
    /// - `risk.limits.open_positions` (1 … 1000, default 5).
    /// - `risk.limits.daily_loss` (default 0.03), `risk.limits.drawdown` (default 0.1; above 0.3 only if accepted),
    ///   `risk.limits.monthly_drawdown` (default 0.05), `risk.limits.monthly_drawdown_near_goal` (default 0.02).
    /// - `execution.order_notional_cap` (money, optional): no order is sized above it.
    fileprivate init(_ reader: SettingsReader, isAtStake: Bool) {
        func share(_ key: String, _ fallback: Ratio, _ caution: Caution<Ratio>? = nil) -> Ratio {
            reader.ratio(
                "risk.limits.\(key)", in: Ratio(1, over: 1000)...(.one), default: fallback,
                caution: isAtStake ? caution : nil)
        }
        let cap = "execution.order_notional_cap"
        self.init(
            position: share("position", Ratio(2, over: 10), Caution(refuseAbove: Ratio(1, over: 2))),
            grossExposure: share("gross_exposure", Ratio(8, over: 10)),
            openPositions: reader.integer("risk.limits.open_positions", in: 1...1000, default: 5),
            dailyLoss: share("daily_loss", Ratio(3, over: 100), Caution(warnAbove: Ratio(10, over: 100))),
            drawdown: share("drawdown", Ratio(10, over: 100), Caution(refuseAbove: Ratio(30, over: 100))),
            monthlyDrawdown: share("monthly_drawdown", Ratio(5, over: 100)),
            monthlyDrawdownNearGoal: share("monthly_drawdown_near_goal", Ratio(2, over: 100)),
            orderNotional: reader.has(cap) ? reader.money(cap, in: Money(raw: 1)...Self.amountMax) : nil)
    }
}
