import Contracts
import Domain
import RiskManagerCore
import Store

extension RiskBooks {
    /// An account as it was found, for the metrics.
    struct Tended: Sendable {
        let snapshot: AccountSnapshot
        /// Nil while an open position has no price.
        let performance: Performance?
        let goals: [GoalProgress]
        let policy: RiskPolicy
    }

    /// How far a goal is, and how far its time.
    struct GoalProgress: Sendable {
        let goal: Goal
        let progress: Ratio
        /// The share of its time that is gone: of the calendar month for a monthly goal.
        let elapsed: Ratio
    }

    /// Does what time and prices ask for: moves the marks, gives up entries whose time ran out, closes what opened after a
    /// stop, and follows the goals.
    ///
    /// - Throws: `UnknownAccount`, `StoreError`.
    func tend(_ account: String) async throws -> Tended {
        if let quiet = try await glance(account) { return quiet }
        return try await database.transaction(attempts: 3) { transaction in
            let latest = market.latest
            let found = try await lock(account, transaction)
            let locked = try await observe(found, through: latest.time - Self.observationDelay, transaction)
            let snapshot = locked.snapshot
            if latest.time > .zero {
                try await withdrawEntries(
                    of: account, state: .expired, reason: "not sent in time", before: latest.time, correlation: nil,
                    transaction)
            }
            if snapshot.state == .stopped, locked.flattening {
                try await flatten(snapshot, command: locked.command, transaction)
            } else if let breach = snapshot.breaches.first(where: { $0.action != .refuse }) {
                try await reduce(snapshot, because: breach, transaction)
            } else {
                try await leaveAgain(snapshot, transaction)
            }
            guard let performance = performance(of: snapshot, latest) else {
                return Tended(snapshot: snapshot, performance: nil, goals: [], policy: policies[account])
            }
            let goals = try await follow(locked, performance, at: latest.time, transaction)
            return Tended(
                snapshot: snapshot, performance: performance, goals: goals, policy: policies[account])
        }
    }

    /// Nil while an open position has no price.
    func performance(of snapshot: AccountSnapshot, _ latest: MarketSnapshot) -> Performance? {
        let priced = snapshot.positions.allSatisfy { !$0.isOpen || latest.prices[$0.symbol] != nil }
        return priced && latest.time > .zero ? Performance(snapshot, prices: latest.prices, at: latest.time) : nil
    }

    /// The goals that are followed: active, or reached and not past their deadline; each with how far it is.
    func followed(
        _ locked: Locked, _ performance: Performance, at time: Timestamp
    ) -> [(booked: BookedGoal, standing: GoalProgress)] {
        locked.goals.filter { $0.state == "active" || $0.goal.deadline > time }.map { booked in
            let progress = booked.standing(equity: performance.equity, netDeposits: locked.snapshot.netDeposits)
                .progress
            return (
                booked,
                GoalProgress(
                    goal: booked.goal, progress: progress, elapsed: GoalPeriod.elapsed(booked.goal, at: time))
            )
        }
    }

    /// Halves or closes what is held, once: what is left after a halving stays.
    private func reduce(
        _ account: AccountSnapshot, because breach: Breach, _ transaction: Transaction
    ) async throws {
        try await flatten(
            account, command: breach.id(account: account.id), reason: breach.description, action: breach.action,
            first: breach.since, transaction)
    }

    /// An exit that the venue refused, or sold only a part of, is still wanted while the position is there that it was to close:
    /// it is tried again as the orders of a stop are, ever more seldom, and never given up.
    private func leaveAgain(_ account: AccountSnapshot, _ transaction: Transaction) async throws {
        guard !account.openPositions.isEmpty else { return }
        let rows = try await transaction.query(
            """
            SELECT DISTINCT ON (orders.symbol) orders.symbol, orders.correlation FROM orders
            JOIN positions ON positions.account = orders.account AND positions.symbol = orders.symbol
            WHERE orders.account = $1 AND orders.purpose = 'exit' AND positions.is_open
                AND (orders.state = 'rejected'
                    OR orders.state = 'cancelled' AND orders.filled_quantity < orders.quantity)
                AND positions.strategy = orders.strategy AND orders.decided_ns >= positions.opened_ns
            ORDER BY orders.symbol, orders.decided_ns DESC
            """, [account.id])
        for row in rows {
            let (symbol, signal) = (try row.symbol("symbol"), try row.text("correlation"))
            try await flatten(
                account, only: symbol, command: signal, reason: "the venue did not sell all of the exit of \(signal)",
                transaction)
        }
    }

    private func follow(
        _ locked: Locked, _ performance: Performance, at time: Timestamp, _ transaction: Transaction
    ) async throws -> [GoalProgress] {
        let followed = followed(locked, performance, at: time)
        for (booked, standing) in followed {
            let progress = standing.progress
            try await record(booked, progress, performance, locked, transaction)
            if GoalPeriod.startsAgain(booked.goal, at: time) {
                try await startAgain(booked, progress, performance, locked, at: time, transaction)
            } else if booked.state == "active" {
                switch GoalPeriod.step(booked.goal, progress: progress, at: time) {
                case .goesOn, .nextMonth: break
                case .reached: try await end(booked, "reached", progress, performance, transaction)
                case .missed: try await end(booked, "missed", progress, performance, transaction)
                }
            }
        }
        return followed.map(\.standing)
    }

    /// A row of the history: at most one a minute, and then only when something moved, or an hour went by.
    private func record(
        _ booked: BookedGoal, _ progress: Ratio, _ performance: Performance, _ locked: Locked,
        _ transaction: Transaction
    ) async throws {
        let rows = try await transaction.query(
            """
            INSERT INTO goal_progress_history (goal_id, at, progress, equity, net_deposits)
            SELECT $1, clock_timestamp(), $2, $3, $4 WHERE NOT EXISTS (
                SELECT 1 FROM goal_progress_history WHERE goal_id = $1 AND (at > clock_timestamp() - interval '1 minute'
                    OR (at > clock_timestamp() - interval '1 hour' AND progress = $2 AND equity = $3)))
            RETURNING (extract(epoch FROM at) * 1000000)::bigint AS micros
            """, [booked.goal.id, progress, performance.equity, locked.snapshot.netDeposits])
        guard let row = rows.first else { return }
        let account = locked.snapshot.id
        try tell(
            GoalProgressed(
                goalID: booked.goal.id, account: account, progress: progress, equity: performance.equity),
            on: Channels.goals, id: DerivedID.make("evt", booked.goal.id, String(try row.int64("micros"))),
            account: account, correlation: booked.goal.id, transaction)
    }

    /// A monthly goal begins anew: what the last month brought is in the log.
    private func startAgain(
        _ booked: BookedGoal, _ progress: Ratio, _ performance: Performance, _ locked: Locked, at time: Timestamp,
        _ transaction: Transaction
    ) async throws {
        let start = GoalPeriod.monthStart(of: time)
        try await transaction.execute(
            """
            UPDATE financial_goals SET start_ns = $2, start_equity = $3, start_net_deposits = $4, state = 'active'
            WHERE id = $1
            """, [booked.goal.id, start, performance.equity, locked.snapshot.netDeposits])
        try await log(
            booked.goal.id, by: Self.source, change: "new month", old: "progress \(progress)",
            new: "equity \(performance.equity) at \(start)", transaction)
    }

    private func end(
        _ booked: BookedGoal, _ state: String, _ progress: Ratio, _ performance: Performance,
        _ transaction: Transaction
    ) async throws {
        let goal = booked.goal
        let changed = try await transaction.execute(
            "UPDATE financial_goals SET state = $2 WHERE id = $1 AND state = 'active'", [goal.id, state])
        guard changed == 1 else { return }
        try await log(goal.id, by: Self.source, change: "state", old: "active", new: state, transaction)
        let percent = progress.times(Ratio(100, over: 1)).description
        try tell(
            SuiteEvent(
                kind: "goal_\(state)", severity: state == "reached" ? "info" : "warning",
                summary: "Goal \(goal.id) \(state)",
                description: """
                    \(goal.kind.rawValue) of \(goal.target) on account \(goal.account): \(percent) % of the way, \
                    equity \(performance.equity).
                    """,
                labels: ["account": goal.account, "goal": goal.id]),
            on: Channels.suiteEvents, id: DerivedID.make("evt", goal.id, state, String(goal.start.nanoseconds)),
            account: goal.account, correlation: goal.id, transaction)
    }

    /// A line of the goal's adjustment log.
    func log(
        _ goal: String, by: String, change: String, old: String?, new: String?, _ transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO goal_adjustment_log (goal_id, changed_by, change, old_value, new_value)
            VALUES ($1, $2, $3, $4, $5)
            """, [goal, by, change, old, new])
    }
}
