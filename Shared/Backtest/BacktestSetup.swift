package import Domain
package import ExecutionCore
package import RiskManagerCore
package import StrategyCore

/// What a backtest runs: one account on the paper venue.
package struct BacktestSetup: Sendable {
    package let account: String
    /// What the account begins with.
    package let deposit: Money
    package let instances: [StrategyInstance]
    package let instruments: [Instrument]
    package let policy: RiskPolicy
    /// The last look before an order leaves.
    package let checks: OrderGuard
    package let costs: PaperCosts

    package init(
        account: String, deposit: Money, instances: [StrategyInstance], instruments: [Instrument], policy: RiskPolicy,
        checks: OrderGuard, costs: PaperCosts
    ) {
        self.account = account
        self.deposit = deposit
        self.instances = instances
        self.instruments = instruments
        self.policy = policy
        self.checks = checks
        self.costs = costs
    }
}
