import Synchronization

/// A fixed number of connections, lent one at a time for a limited wait.
final class ConnectionPool: Sendable {
    private struct State {
        var pool: PoolState
        var callers: [UInt64: CheckedContinuation<Int, any Error>] = [:]
        /// For tickets that were served, or given up, before their caller was enlisted.
        var early: [UInt64: Result<Int, any Error>] = [:]
        var gate = ReconnectGate()
        var lastTrouble = ""
        var closed = false
    }

    private let settings: DatabaseSettings
    private let hooks: StoreHooks
    private let connections: [Connection]
    private let state: Mutex<State>

    init(settings: DatabaseSettings, hooks: StoreHooks) {
        self.settings = settings
        self.hooks = hooks
        connections = (0..<settings.poolSize).map { Connection(settings: settings, hooks: hooks, number: $0) }
        state = Mutex(State(pool: PoolState(size: settings.poolSize, waitersMax: settings.waitersMax)))
    }

    /// Lends a connection to `body` and takes it back after it.
    ///
    /// - Throws: `StoreError.poolExhausted` after the wait limit, `StoreError.cannotConnect` at once while the server
    ///   is away and the next attempt is not due, or what `body` throws.
    func lend<Answer>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        try checkGate()
        let number = try await acquire()
        defer { release(number) }
        do {
            let answer = try await body(connections[number])
            note(nil)
            return answer
        } catch let error as StoreError {
            note(error)
            throw error
        }
    }

    /// Refuses everybody from now on, and hangs up.
    func close() async {
        let callers = state.withLock { state in
            state.closed = true
            defer { state.callers = [:] }
            return state.callers.values.map { $0 }
        }
        for caller in callers { caller.resume(throwing: StoreError(.closed, "the database is closed")) }
        for connection in connections { await connection.close() }
    }

    private func checkGate() throws(StoreError) {
        let now = ContinuousClock.now
        let refusal: StoreError? = state.withLock { state in
            if state.closed { return StoreError(.closed, "the database is closed") }
            return state.gate.isOpen(at: now) ? nil : StoreError(.cannotConnect, state.lastTrouble)
        }
        if let refusal { throw refusal }
    }

    private func acquire() async throws -> Int {
        let answer = state.withLock { $0.pool.acquire() }
        defer { reportUse() }
        switch answer {
        case .take(let number): return number
        case .refuse:
            throw StoreError(.poolExhausted, "\(settings.waitersMax) callers wait for a connection already")
        case .wait(let ticket): return try await wait(ticket)
        }
    }

    private func wait(_ ticket: UInt64) async throws -> Int {
        let limit = settings.waitLimit
        let expiry = Task {
            try await Task.sleep(for: limit)
            giveUp(ticket, StoreError(.poolExhausted, "no connection became free within \(limit)"))
        }
        defer { expiry.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Between the ticket and here a connection may have been given to the ticket, or the wait given up.
                enlist(ticket, continuation)
            }
        } onCancel: {
            giveUp(ticket, CancellationError())
        }
    }

    private func enlist(_ ticket: UInt64, _ continuation: CheckedContinuation<Int, any Error>) {
        let early: Result<Int, any Error>? = state.withLock { state in
            if state.closed { return .failure(StoreError(.closed, "the database is closed")) }
            if let result = state.early.removeValue(forKey: ticket) { return result }
            state.callers[ticket] = continuation
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    private func giveUp(_ ticket: UInt64, _ reason: any Error) {
        let caller: CheckedContinuation<Int, any Error>? = state.withLock { state in
            guard state.pool.abandon(ticket) else { return nil }
            if let caller = state.callers.removeValue(forKey: ticket) { return caller }
            state.early[ticket] = .failure(reason)
            return nil
        }
        caller?.resume(throwing: reason)
        reportUse()
    }

    private func release(_ number: Int) {
        let caller: CheckedContinuation<Int, any Error>? = state.withLock { state in
            guard let ticket = state.pool.release(number) else { return nil }
            if let caller = state.callers.removeValue(forKey: ticket) { return caller }
            state.early[ticket] = .success(number)
            return nil
        }
        caller?.resume(returning: number)
        reportUse()
    }

    /// Opens or closes the gate by how it went.
    private func note(_ error: StoreError?) {
        guard let error else { return noteReachable() }
        hooks.failed(error.code)
        guard [.cannotConnect, .connectionLost, .commitInDoubt].contains(error.code) else {
            // A refusal in the server's own words proves that it is there.
            if error.sqlState != nil { noteReachable() }
            return
        }
        let now = ContinuousClock.now
        state.withLock { state in
            state.lastTrouble = error.message
            if error.code == .cannotConnect { state.gate.failed(at: now, jitter: .random(in: 0...1)) }
        }
        hooks.reachable(error.message)
    }

    private func noteReachable() {
        state.withLock { $0.gate.succeeded() }
        hooks.reachable(nil)
    }

    private func reportUse() {
        let (idle, busy, waiting) = state.withLock { ($0.pool.idle.count, $0.pool.busy, $0.pool.waiting.count) }
        hooks.poolChanged(idle, busy, waiting)
    }
}
