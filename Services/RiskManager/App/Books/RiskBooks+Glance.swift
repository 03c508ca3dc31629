import Domain
import RiskManagerCore
import Store

extension RiskBooks {
    /// What `tend` would find, where it would change nothing.
    ///
    /// Without a lock: to lock is to write, so that every look would wait for the disk, and decisions and fills for every look.
    ///
    /// - Returns: nil when there is something to do.
    func glance(_ account: String) async throws -> Tended? {
        let latest = market.latest
        let (found, answers) = try await database.transaction { transaction in
            // All of it as of one moment.
            transaction.later("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return try await read(account, also: Self.dues(account, latest.time), transaction)
        }
        guard let due = answers[0].first, try !due.bool("late"),
            unobserved(found, through: latest.time - Self.observationDelay) == nil
        else { return nil }
        let snapshot = found.snapshot
        if !snapshot.openPositions.isEmpty {
            let isToLeave = try snapshot.state == .stopped && found.flattening || due.bool("refused")
            guard !isToLeave, snapshot.breaches.allSatisfy({ $0.action == .refuse }) else { return nil }
        }
        guard let performance = performance(of: snapshot, latest) else {
            return Tended(snapshot: snapshot, performance: nil, goals: [], policy: policies[account])
        }
        let goals = followed(found, performance, at: latest.time)
        for (booked, standing) in goals {
            let recorded = try answers[1].first { try $0.text("goal_id") == booked.goal.id }
            guard let recorded, try isQuiet(booked, standing, performance, recorded, at: latest.time) else {
                return nil
            }
        }
        return Tended(
            snapshot: snapshot, performance: performance, goals: goals.map(\.standing), policy: policies[account])
    }

    /// Whether `follow` would write nothing of a goal.
    ///
    /// - Parameter recorded: the last row of its history.
    private func isQuiet(
        _ booked: BookedGoal, _ standing: GoalProgress, _ performance: Performance, _ recorded: Row, at time: Timestamp
    ) throws -> Bool {
        guard !GoalPeriod.startsAgain(booked.goal, at: time) else { return false }
        if booked.state == "active" {
            switch GoalPeriod.step(booked.goal, progress: standing.progress, at: time) {
            case .goesOn, .nextMonth: break
            case .reached, .missed: return false
            }
        }
        if try recorded.bool("is_recent") { return true }
        return try recorded.ratio("progress") == standing.progress && recorded.money("equity") == performance.equity
    }

    /// Whether entries are late or exits were refused, and the last row of the history of each goal within the hour.
    private static func dues(_ account: String, _ time: Timestamp) -> [Query] {
        [
            Query(
                """
                SELECT EXISTS (SELECT 1 FROM orders WHERE account = $1 AND purpose = 'entry' AND state = 'approved'
                        AND expires_ns < $2) AS late,
                    EXISTS (SELECT 1 FROM orders JOIN positions
                        ON positions.account = orders.account AND positions.symbol = orders.symbol
                        WHERE orders.account = $1 AND orders.purpose = 'exit'
                            AND (orders.state = 'rejected'
                                OR orders.state = 'cancelled' AND orders.filled_quantity < orders.quantity)
                            AND positions.is_open AND positions.strategy = orders.strategy
                            AND orders.decided_ns >= positions.opened_ns) AS refused
                """, [account, time]),
            Query(
                """
                SELECT DISTINCT ON (history.goal_id) history.goal_id, history.progress, history.equity,
                    history.at > clock_timestamp() - interval '1 minute' AS is_recent
                FROM goal_progress_history AS history JOIN financial_goals AS goal ON goal.id = history.goal_id
                WHERE goal.account = $1 AND goal.state IN ('active', 'reached')
                    AND history.at > clock_timestamp() - interval '1 hour'
                ORDER BY history.goal_id, history.at DESC
                """, [account]),
        ]
    }
}
