package import Domain

/// How the owner wants to trade: the settings of the decisions.
package struct RiskPolicy: Hashable, Sendable {
    /// How much of the equity one trade may lose at its stop.
    package var riskPerTrade: Ratio
    package var limits: RiskLimits
    /// An entry that is not sent this long after its decision is given up (exchange time).
    package var entryExpiry: Timestamp.Span
    /// A price older than this is no price (exchange time).
    package var stalePriceAfter: Timestamp.Span
    package var goalFactors: GoalFactors
    /// Held back above the notional of an entry, for slippage and fees.
    package var reserveMargin: Ratio
    /// What becomes of open positions when a limit on losses is reached.
    package var onBreach: BreachAction

    package init(
        riskPerTrade: Ratio, limits: RiskLimits, entryExpiry: Timestamp.Span, stalePriceAfter: Timestamp.Span,
        goalFactors: GoalFactors = GoalFactors(), reserveMargin: Ratio = Ratio(1, over: 100),
        onBreach: BreachAction = .refuse
    ) {
        self.riskPerTrade = riskPerTrade
        self.limits = limits
        self.entryExpiry = entryExpiry
        self.stalePriceAfter = stalePriceAfter
        self.goalFactors = goalFactors
        self.reserveMargin = reserveMargin
        self.onBreach = onBreach
    }
}
