package import Domain

/// What no decision may pass. Ratios are shares of the equity unless said otherwise.
package struct RiskLimits: Hashable, Sendable {
    /// The notional of one position.
    package var position: Ratio
    /// The notional of all positions and reserved entries.
    package var grossExposure: Ratio
    /// How many positions and live entries there may be.
    package var openPositions: Int
    /// Loss since the UTC day began, of the equity then.
    package var dailyLoss: Ratio
    /// Loss since the highest equity, of that.
    package var drawdown: Ratio
    /// Loss since the highest equity of the calendar month, of that.
    package var monthlyDrawdown: Ratio
    /// The same once a portfolio goal is 90 % reached.
    package var monthlyDrawdownNearGoal: Ratio
    /// No single order is larger than this, whatever the equity; nil for no such cap.
    package var orderNotional: Money?

    package init(
        position: Ratio, grossExposure: Ratio, openPositions: Int, dailyLoss: Ratio, drawdown: Ratio,
        monthlyDrawdown: Ratio, monthlyDrawdownNearGoal: Ratio, orderNotional: Money? = nil
    ) {
        self.position = position
        self.grossExposure = grossExposure
        self.openPositions = openPositions
        self.dailyLoss = dailyLoss
        self.drawdown = drawdown
        self.monthlyDrawdown = monthlyDrawdown
        self.monthlyDrawdownNearGoal = monthlyDrawdownNearGoal
        self.orderNotional = orderNotional
    }

    /// The progress from which a portfolio goal counts as near.
    package static let nearGoal = Ratio(90, over: 100)

    /// The monthly drawdown that holds with these goals.
    package func monthlyDrawdown(with goals: [GoalStanding]) -> Ratio {
        let near = goals.contains { $0.kind == .portfolioValue && $0.progress >= Self.nearGoal }
        return near ? min(monthlyDrawdown, monthlyDrawdownNearGoal) : monthlyDrawdown
    }
}
