import Domain
import RiskManagerCore
import ServiceKit
import Synchronization

/// The metrics of one account.
final class AccountFigures: Sendable {
    private let account: String
    private let metrics: Metrics
    private let seconds: Histogram
    private let full: Counter
    private let awaiting: Gauge
    private let states: [(TradingState, Gauge)]
    private let goals = Mutex<Set<String>>([])

    init(account: String, metrics: Metrics) {
        self.account = account
        self.metrics = metrics
        seconds = metrics.histogram("plimsoll_decision_seconds", "From taking up a signal to its committed decision.")
        full = metrics.counter(
            "plimsoll_signals_not_kept_total", "Signals that found the queue full.", labels: ["account": account])
        awaiting = metrics.gauge(
            "plimsoll_entries_awaiting_price", "Entries that are not decided before a price is heard.",
            labels: ["account": account])
        states = TradingState.allCases.map { state in
            let gauge = metrics.gauge(
                "plimsoll_trading_state", "1 for the state that an account is in.",
                labels: ["account": account, "state": state.rawValue])
            return (state, gauge)
        }
    }

    /// A decision was committed.
    func decided(_ decision: Decision, in duration: Duration) {
        seconds.observe(duration)
        let outcome = if case .approved = decision.outcome { "approved" } else { "refused" }
        metrics.counter(
            "plimsoll_decisions_total", "Decisions, by their code.",
            labels: ["account": account, "outcome": outcome, "code": decision.code]
        ).increment()
    }

    /// So many entries wait for a price.
    func awaitingPrice(_ count: Int) { awaiting.set(count) }

    /// A signal was not kept.
    func queueWasFull() { full.increment() }

    /// Shows how the account stands.
    func show(_ tended: RiskBooks.Tended) {
        for (state, gauge) in states { gauge.set(state == tended.snapshot.state) }
        set("plimsoll_cash", "Cash of an account.", tended.snapshot.cash.approximate)
        set(
            "plimsoll_net_deposits", "Deposits less withdrawals of an account.",
            tended.snapshot.netDeposits.approximate)
        set(
            "plimsoll_open_positions", "Positions that are open.",
            Double(tended.snapshot.openPositions.count))
        show(tended.policy, tended.goals)
        for limit in Breach.Limit.allCases {
            metrics.gauge(
                "plimsoll_limit_breached", "1 while a limit on losses was reached and refuses entries.",
                labels: ["account": account, "limit": limit.rawValue]
            ).set(tended.snapshot.breaches.contains { $0.limit == limit })
        }
        guard let performance = tended.performance else { return }
        set("plimsoll_equity", "Cash and what the positions are worth.", performance.equity.approximate)
        set(
            "plimsoll_drawdown_ratio", "Loss since the highest equity, open profit included, as a share of it.",
            performance.drawdown.approximate)
        set(
            "plimsoll_monthly_drawdown_ratio", "The same within the calendar month.",
            performance.monthlyDrawdown.approximate)
        set(
            "plimsoll_daily_loss_ratio", "Loss since the UTC day began, as a share of the equity then.",
            performance.dailyLoss.approximate)
        set(
            "plimsoll_exposure_ratio", "Positions and reserved entries as a share of the equity.",
            performance.exposure.over(performance.equity).approximate)
        show(tended.goals)
    }

    /// The limits that hold now, for the rules and pictures that compare with them.
    private func show(_ policy: RiskPolicy, _ goals: [RiskBooks.GoalProgress]) {
        let limits = policy.limits
        let standings = goals.map { GoalStanding(id: $0.goal.id, kind: $0.goal.kind, progress: $0.progress) }
        let values: [(String, Double)] = [
            ("risk_per_trade", policy.riskPerTrade.approximate), ("position", limits.position.approximate),
            ("gross_exposure", limits.grossExposure.approximate), ("open_positions", Double(limits.openPositions)),
            ("daily_loss", limits.dailyLoss.approximate), ("drawdown", limits.drawdown.approximate),
            ("monthly_drawdown", limits.monthlyDrawdown(with: standings).approximate),
        ]
        for (name, value) in values {
            metrics.gauge(
                "plimsoll_limit", "A limit of an account as it holds now; a share of the equity, or a count.",
                labels: ["account": account, "limit": name]
            ).set(value)
        }
    }

    private static let goalFigures = [
        "plimsoll_goal_progress_ratio", "plimsoll_goal_target", "plimsoll_goal_elapsed_ratio",
    ]

    private func show(_ standings: [RiskBooks.GoalProgress]) {
        for standing in standings {
            let goal = standing.goal
            let labels = ["goal": goal.id, "account": account]
            metrics.gauge(
                "plimsoll_goal_progress_ratio", "How much of the way to a goal is done; 1 is there.", labels: labels
            ).set(standing.progress.approximate)
            metrics.gauge(
                "plimsoll_goal_elapsed_ratio", "How much of a goal's time is gone; at 1 it is over.", labels: labels
            ).set(standing.elapsed.approximate)
            metrics.gauge(
                "plimsoll_goal_target", "The target of a goal, in the account's currency or per cent.", labels: labels
            ).set(goal.target.approximate)
        }
        let current = Set(standings.map(\.goal.id))
        let gone = goals.withLock { shown in
            defer { shown = current }
            return shown.subtracting(current)
        }
        for goal in gone {
            for name in Self.goalFigures {
                metrics.remove(name, labels: ["goal": goal, "account": account])
            }
        }
    }

    private func set(_ name: String, _ help: String, _ value: Double) {
        metrics.gauge(name, help, labels: ["account": account]).set(value)
    }
}
