package import Domain

/// The figures behind a decision, as they are kept in its row. Additive only: a field never changes meaning.
package struct DecisionInputs: Hashable, Codable, Sendable {
    package var action: String
    package var strategy: String
    package var symbol: Symbol
    package var signalPrice: Price?
    package var stop: Price?
    package var target: Price?
    package var confidence: Ratio?
    package var state: TradingState
    package var account: AccountFigures
    package var price: Price?
    package var priceTime: Timestamp?
    package var limits: LimitFigures?
    package var goal: GoalFigures?
    package var sizing: SizingFigures?

    /// The account at the last prices.
    package struct AccountFigures: Hashable, Codable, Sendable {
        package let cash: Money
        package let equity: Money
        package let netDeposits: Money
        package let profit: Money
        package let peakProfit: Money
        package let drawdown: Ratio
        package let monthlyDrawdown: Ratio
        package let dailyLoss: Ratio
        package let exposure: Money
        package let reserved: Money
        package let openPositions: Int
        package let liveEntries: Int
    }

    /// The limits that held.
    package struct LimitFigures: Hashable, Codable, Sendable {
        package let riskPerTrade: Ratio
        package let position: Ratio
        package let grossExposure: Ratio
        package let openPositions: Int
        package let dailyLoss: Ratio
        package let drawdown: Ratio
        package let monthlyDrawdown: Ratio
    }

    /// The goal that decided the factor.
    package struct GoalFigures: Hashable, Codable, Sendable {
        package let id: String?
        package let progress: Ratio?
        package let factor: Ratio
        package let preservation: Ratio
    }

    /// How the size came about, and what each cap cost.
    package struct SizingFigures: Hashable, Codable, Sendable {
        package let riskMoney: Money
        package let distance: Price
        package let wanted: Quantity
        package let quantity: Quantity
        package let notional: Money
        package let boundBy: Sizing.Kind?
        package let caps: [CapFigures]
    }

    /// One cap.
    package struct CapFigures: Hashable, Codable, Sendable {
        package let kind: Sizing.Kind
        package let left: Money
        package let allows: Quantity
        package let cost: Money
    }
}

extension DecisionInputs {
    /// What is known before anything is checked.
    init(_ input: DecisionInput, _ performance: Performance) {
        let signal = input.signal
        let price = input.market.prices[signal.symbol]
        self.init(
            action: signal.action.rawValue, strategy: signal.strategy, symbol: signal.symbol,
            signalPrice: signal.price, stop: signal.stop, target: signal.target, confidence: signal.confidence,
            state: input.account.state, account: AccountFigures(input.atClose, performance), price: price?.price,
            priceTime: price?.time)
    }

    mutating func add(_ sizing: Sizing, at price: Price) {
        self.sizing = SizingFigures(
            riskMoney: sizing.riskMoney, distance: sizing.distance, wanted: sizing.wanted, quantity: sizing.quantity,
            notional: price.times(sizing.quantity), boundBy: sizing.boundBy?.kind,
            caps: sizing.caps.map { CapFigures(kind: $0.kind, left: $0.left, allows: $0.allows, cost: $0.cost) })
    }

    mutating func add(_ outcome: GoalFactors.Outcome) {
        goal = GoalFigures(
            id: outcome.goal?.id, progress: outcome.goal?.progress, factor: outcome.factor,
            preservation: outcome.preservation)
    }

    mutating func add(_ policy: RiskPolicy, goals: [GoalStanding]) {
        let limits = policy.limits
        self.limits = LimitFigures(
            riskPerTrade: policy.riskPerTrade, position: limits.position, grossExposure: limits.grossExposure,
            openPositions: limits.openPositions, dailyLoss: limits.dailyLoss, drawdown: limits.drawdown,
            monthlyDrawdown: limits.monthlyDrawdown(with: goals))
    }
}

extension DecisionInputs.AccountFigures {
    init(_ account: AccountSnapshot, _ performance: Performance) {
        self.init(
            cash: account.cash, equity: performance.equity, netDeposits: account.netDeposits,
            profit: performance.profit, peakProfit: performance.marks.peak, drawdown: performance.drawdown,
            monthlyDrawdown: performance.monthlyDrawdown, dailyLoss: performance.dailyLoss,
            exposure: performance.exposure, reserved: account.reserved, openPositions: account.openPositions.count,
            liveEntries: account.liveEntries.count)
    }
}
