import Synchronization

/// What is done between BEGIN and COMMIT. Valid only inside the closure it was given to.
///
/// BEGIN goes to the server with the first statement, and what is written with `later` with the next one or with COMMIT: each
/// way there and back through PgBouncer takes longer than most statements.
package final class Transaction: Sendable {
    /// A statement that waits for company, and who wants its answer.
    private struct Pending {
        let sql: String
        let values: [String?]
        let heard: (@Sendable (QueryResult) -> Void)?
    }

    private enum Phase {
        case unbegun
        case begun(login: UInt64)
        /// It could not be begun: whatever went wrong has to leave the closure.
        case failed
        case ended
    }

    private struct State {
        var phase = Phase.unbegun
        var pending: [Pending] = []
        var events: [PendingEvent] = []
    }

    private let connection: Connection
    private let state = Mutex(State())

    init(connection: Connection) { self.connection = connection }

    /// Runs one statement.
    ///
    /// After an error the server refuses everything but the rollback: let it out of the closure.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task is cancelled while the server works.
    @discardableResult
    package func query(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> [Row] {
        try await run([Query(sql, values)])[0].rows
    }

    /// As `query`, and gives how many rows were inserted, changed or deleted.
    @discardableResult
    package func execute(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> Int {
        try await run([Query(sql, values)])[0].affected
    }

    /// Runs several statements in order and in one round trip, each seeing what was committed before it began.
    ///
    /// - Returns: the rows of each.
    package func queries(_ queries: [Query]) async throws -> [[Row]] { try await run(queries).map(\.rows) }

    /// Writes with the next statement, or with COMMIT: for what needs no answer. What goes wrong with it is thrown there.
    package func later(_ sql: SQL, _ values: [(any Bindable)?] = []) { enlist(Query(sql, values), nil) }

    /// As `later`, and `heard` gets the answer.
    func later(_ sql: SQL, _ values: [(any Bindable)?], heard: @escaping @Sendable (QueryResult) -> Void) {
        enlist(Query(sql, values), heard)
    }

    /// Limits each later statement of this transaction.
    package func limitStatements(to limit: Duration) {
        let milliseconds = max(
            1, limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000)
        later("SELECT set_config('statement_timeout', $1, true)", [String(milliseconds)])
    }

    /// Notes an event that is to be rung after the commit.
    func note(_ event: PendingEvent) { state.withLock { $0.events.append(event) } }

    func commit() async throws -> [PendingEvent] {
        let pending = takePending()
        let phase = state.withLock { $0.phase }
        if case .unbegun = phase, pending.isEmpty { return end() }
        do {
            let answers = try await send(pending, cancellation: nil, then: .commit)
            guard answers.last?.tag == "COMMIT" else {
                throw StoreError(.statement, "a statement of the transaction had failed, so its COMMIT undid it")
            }
            return end()
        } catch let error as StoreError where error.isConnectionTrouble && error.code != .cannotConnect {
            throw StoreError(.commitInDoubt, "no answer to COMMIT: \(error.message)", sqlState: error.sqlState)
        }
    }

    /// Undoes everything; a connection that cannot even do that is hung up, which does it too.
    func rollback() async {
        let phase = state.withLock { $0.phase }
        _ = end()
        guard case .begun(let login) = phase else { return }
        do { _ = try await connection.run([.rollback], login: login) } catch { await connection.close() }
    }

    private func end() -> [PendingEvent] {
        state.withLock { state in
            state.phase = .ended
            state.pending = []
            return state.events
        }
    }

    private func enlist(_ query: Query, _ heard: (@Sendable (QueryResult) -> Void)?) {
        let pending = Pending(sql: query.sql.text, values: query.values, heard: heard)
        state.withLock { $0.pending.append(pending) }
    }

    private func takePending() -> [Pending] {
        state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
    }

    private func run(_ queries: [Query]) async throws -> [QueryResult] {
        let batch = takePending() + queries.map { Pending(sql: $0.sql.text, values: $0.values, heard: nil) }
        return try await withCancellation { flag in
            Array(try await self.send(batch, cancellation: flag).suffix(queries.count))
        }
    }

    /// Sends statements in one round trip, with BEGIN before the first ones, and passes the answers on.
    private func send(
        _ batch: [Pending], cancellation: CancellationFlag?, then last: Statement? = nil
    ) async throws -> [QueryResult] {
        let statements = batch.map { Statement(sql: $0.sql, kind: .bound($0.values), cancellation: cancellation) }
        let answers: [QueryResult]
        switch state.withLock({ $0.phase }) {
        case .unbegun:
            state.withLock { $0.phase = .failed }
            let begun = try await connection.begin(statements + [last].compactMap(\.self))
            state.withLock { $0.phase = .begun(login: begun.login) }
            answers = begun.answers
        case .begun(let login):
            answers = try await connection.run(statements + [last].compactMap(\.self), login: login)
        case .failed, .ended: throw StoreError(.closed, "the transaction has ended")
        }
        for (pending, answer) in zip(batch, answers) { pending.heard?(answer) }
        return answers
    }
}

/// One statement with what is bound to it.
package struct Query: Sendable {
    let sql: SQL
    let values: [String?]

    package init(_ sql: SQL, _ values: [(any Bindable)?] = []) {
        self.sql = sql
        self.values = values.map { $0?.boundText }
    }
}
