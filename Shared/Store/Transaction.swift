import Synchronization

/// What is done between BEGIN and COMMIT. Valid only inside the closure it was given to.
package final class Transaction: Sendable {
    private struct State {
        var ended = false
        var events: [PendingEvent] = []
    }

    private let connection: Connection
    private let login: UInt64
    private let state = Mutex(State())

    init(connection: Connection, login: UInt64) {
        self.connection = connection
        self.login = login
    }

    /// Runs one statement.
    ///
    /// After an error the server refuses everything but the rollback: let it out of the closure.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task is cancelled while the server works.
    @discardableResult
    package func query(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> [Row] {
        try await run(sql, values).rows
    }

    /// As `query`, and gives how many rows were inserted, changed or deleted.
    @discardableResult
    package func execute(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> Int {
        try await run(sql, values).affected
    }

    /// Limits each later statement of this transaction.
    package func limitStatements(to limit: Duration) async throws {
        let milliseconds = max(
            1, limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000)
        try await query("SELECT set_config('statement_timeout', $1, true)", [String(milliseconds)])
    }

    /// Notes an event that is to be rung after the commit.
    func note(_ event: PendingEvent) { state.withLock { $0.events.append(event) } }

    func commit() async throws -> [PendingEvent] {
        let events = end()
        do {
            let tag = try await settle("COMMIT")
            guard tag == "COMMIT" else {
                throw StoreError(.statement, "a statement of the transaction had failed, so its COMMIT undid it")
            }
            return events
        } catch let error as StoreError where error.isConnectionTrouble && error.code != .commitInDoubt {
            throw StoreError(.commitInDoubt, "no answer to COMMIT: \(error.message)", sqlState: error.sqlState)
        }
    }

    /// Undoes everything; a connection that cannot even do that is hung up, which does it too.
    func rollback() async {
        _ = end()
        do { _ = try await settle("ROLLBACK") } catch { await connection.close() }
    }

    private func end() -> [PendingEvent] {
        state.withLock { state in
            state.ended = true
            return state.events
        }
    }

    private func settle(_ sql: String) async throws -> String {
        try await connection.run(Statement(sql: sql, kind: .script, cancellation: nil), login: login).tag
    }

    private func run(_ sql: SQL, _ values: [(any Bindable)?]) async throws -> QueryResult {
        if state.withLock({ $0.ended }) { throw StoreError(.closed, "the transaction has ended") }
        return try await withCancellation { [connection, login] flag in
            try await connection.run(
                Statement(sql: sql.text, kind: .bound(values.map { $0?.boundText }), cancellation: flag), login: login)
        }
    }
}
