/// The database of the suite: a bounded pool of connections, each on its own thread.
///
/// Made for PgBouncer's transaction pooling: outside `transaction` nothing may rely on the session.
package final class Database: Sendable {
    package let settings: DatabaseSettings
    private let pool: ConnectionPool
    private let ring: @Sendable (PendingEvent) -> Void

    /// Connects when first asked.
    ///
    /// - Parameters:
    ///   - hooks: where measurements go.
    ///   - ring: called for each event appended by a transaction, after its commit, in order; must not block.
    package init(
        settings: DatabaseSettings, hooks: StoreHooks = StoreHooks(),
        ring: @escaping @Sendable (PendingEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.ring = ring
        pool = ConnectionPool(settings: settings, hooks: hooks)
    }

    /// Runs one statement in a transaction of its own.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task is cancelled while it waits.
    @discardableResult
    package func query(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> [Row] {
        try await run(sql, values).rows
    }

    /// As `query`, and gives how many rows were inserted, changed or deleted.
    @discardableResult
    package func execute(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> Int {
        try await run(sql, values).affected
    }

    /// Runs `body` between BEGIN and COMMIT; whatever it throws undoes everything.
    ///
    /// The events it appended are rung after the commit. A commit whose answer is missing throws
    /// `StoreError.commitInDoubt`: do it again only if doing it twice has one effect.
    ///
    /// - Parameter attempts: how often in all to try when transactions got in each other's way (`serialization`).
    package func transaction<Answer>(
        attempts: Int = 1, isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        var attempt = 1
        while true {
            do {
                let (answer, events) = try await pool.lend { connection in try await once(connection, body) }
                for event in events { ring(event) }
                return answer
            } catch let error as StoreError where error.code == .serialization && attempt < attempts {
                attempt += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(10 * attempt))))
            }
        }
    }

    /// Refuses everything from now on, and hangs up.
    package func close() async { await pool.close() }

    private func run(_ sql: SQL, _ values: [(any Bindable)?]) async throws -> QueryResult {
        try await pool.lend { connection in
            try await withCancellation { flag in
                try await connection.run(
                    Statement(sql: sql.text, kind: .bound(values.map { $0?.boundText }), cancellation: flag))
            }
        }
    }

    private func once<Answer>(
        _ connection: Connection, isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> Answer
    ) async throws -> (Answer, [PendingEvent]) {
        try Task.checkCancellation()
        let transaction = Transaction(connection: connection)
        do {
            let answer = try await body(transaction)
            try Task.checkCancellation()
            return (answer, try await transaction.commit())
        } catch {
            await transaction.rollback()
            throw error
        }
    }
}

/// Runs `body` with a flag that is set when the task is cancelled.
func withCancellation<Answer: Sendable>(
    _ body: @Sendable (CancellationFlag) async throws -> Answer
) async throws -> Answer {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
        try Task.checkCancellation()
        return try await body(flag)
    } onCancel: {
        flag.set()
    }
}
