/// How long the rows of a table are kept, and the statements by which older ones go.
package struct RetentionRule: Sendable {
    /// For metrics and logs.
    package let table: String
    package let keep: Duration
    private let remove: SQL
    private let oldest: SQL

    /// - Parameters:
    ///   - remove: removes at most `$2` rows that are older than the interval `$1` and gives their number as `removed`.
    ///     Each run is a transaction of its own: what must not go, it must not find.
    ///   - oldest: gives the age in seconds of the oldest row that is meant to go one day, as `seconds`; null when none is.
    package init(table: String, keep: Duration, remove: SQL, oldest: SQL) {
        self.table = table
        self.keep = keep
        self.remove = remove
        self.oldest = oldest
    }

    /// Removes all that is old, a batch at a time with a pause after each, so that nobody waits for it.
    ///
    /// - Returns: how many rows went.
    /// - Throws: `StoreError`, `CancellationError`. What went before stays gone.
    @discardableResult
    package func sweep(_ database: Database, batch: Int = 1000, pause: Duration = .milliseconds(50)) async throws -> Int
    {
        var sum = 0
        while true {
            let rows = try await database.query(remove, [keep, batch])
            guard let removed = try rows.first?.int("removed") else {
                throw StoreError(.unexpectedResult, "\(table): nobody said how many rows were removed")
            }
            sum += removed
            if removed < batch { return sum }
            try await Task.sleep(for: pause)
        }
    }

    /// How old the oldest row is that is meant to go; nil when there is none.
    ///
    /// - Throws: `StoreError`, `CancellationError`.
    package func oldestAge(_ database: Database) async throws -> Duration? {
        let seconds: Double? = try await database.query(oldest).first?.optional("seconds")
        return seconds.map { .seconds(max(0, $0)) }
    }
}

extension RetentionRule {
    /// The outbox and what it leaves behind: events that every consumer has read, and the memory of their effects.
    ///
    /// For the role `market_data`.
    package static func outbox(events: Duration, deadLetters: Duration) -> [RetentionRule] {
        [
            RetentionRule(
                table: "events", keep: events, remove: "SELECT remove_old_events($1::interval, $2) AS removed",
                oldest: age + "events"),
            RetentionRule(
                table: "consumed_events", keep: events,
                remove: "SELECT remove_old_consumed_events($1::interval, $2) AS removed",
                oldest: age + "consumed_events"),
            RetentionRule(
                table: "dead_letters", keep: deadLetters,
                remove: "SELECT remove_old_dead_letters($1::interval, $2) AS removed", oldest: age + "dead_letters"),
        ]
    }

    /// Decisions that led to no order, their signals, and the finer steps of goals. For the role `risk_manager`.
    package static func decisions(_ decisions: Duration, goalProgress: Duration) -> [RetentionRule] {
        [
            RetentionRule(
                table: "decisions", keep: decisions,
                remove: "SELECT remove_old_decisions($1::interval, $2) AS removed",
                oldest: age + """
                    decisions AS d WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.decision_id = d.id)
                    """),
            RetentionRule(
                table: "signals", keep: decisions, remove: "SELECT remove_old_signals($1::interval, $2) AS removed",
                oldest: age + """
                    signals AS s WHERE NOT EXISTS (
                        SELECT 1 FROM decisions AS d JOIN orders AS o ON o.decision_id = d.id WHERE d.signal_id = s.id)
                    """),
            RetentionRule(
                table: "goal_progress_history", keep: goalProgress,
                remove: "SELECT remove_old_goal_progress($1::interval, $2) AS removed",
                oldest: age + """
                    goal_progress_history AS h WHERE EXISTS (
                        SELECT 1 FROM goal_progress_history AS later
                        WHERE later.goal_id = h.goal_id AND later.at > h.at
                            AND later.at < (date_trunc('day', h.at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC')
                    """),
        ]
    }

    private static let age: SQL = "SELECT extract(epoch FROM clock_timestamp() - min(at))::float8 AS seconds FROM "
}
