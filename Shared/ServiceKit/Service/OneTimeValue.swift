import Synchronization

/// A value that becomes known once, and that tasks can wait for.
package final class OneTimeValue<Value: Sendable>: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Value, any Error>])
        case known(Result<Value, any Error>)
    }

    private let state = Mutex(State.waiting([]))

    package init() {}

    /// The value; waits until it is known.
    ///
    /// - Throws: the error it failed with.
    package var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let known: Result<Value, any Error>? = state.withLock { state in
                    switch state {
                    case .waiting(let waiters):
                        state = .waiting(waiters + [continuation])
                        return nil
                    case .known(let result):
                        return result
                    }
                }
                if let known { continuation.resume(with: known) }
            }
        }
    }

    package func succeed(_ value: Value) { settle(.success(value)) }

    /// Has no effect once the value is known.
    package func fail(_ error: any Error) { settle(.failure(error)) }

    private func settle(_ result: Result<Value, any Error>) {
        let waiters: [CheckedContinuation<Value, any Error>] = state.withLock { state in
            guard case .waiting(let waiters) = state else { return [] }
            state = .known(result)
            return waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }
}
