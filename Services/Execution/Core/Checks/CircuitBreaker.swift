package import Domain

/// Stops asking a venue that fails again and again, and tries again after a while.
///
/// Times are monotonic, passed in. Only entries wait for it: queries, cancellations and exits go on.
package struct CircuitBreaker: Hashable, Sendable {
    private enum State: Hashable {
        case closed(failures: Int)
        case open(until: Timestamp)
    }

    package let failuresToOpen: Int
    package let coolDown: Timestamp.Span
    private var state = State.closed(failures: 0)

    package init(failuresToOpen: Int = 5, coolDown: Timestamp.Span = .seconds(30)) {
        self.failuresToOpen = failuresToOpen
        self.coolDown = coolDown
    }

    /// Whether a request may leave: until it fails again after the cool-down, too. To ask changes nothing: what was allowed may
    /// not be sent after all.
    package func allows(now: Timestamp) -> Bool {
        switch state {
        case .closed: true
        case .open(let until): now >= until
        }
    }

    /// The venue answered, if only with a refusal.
    package mutating func succeeded() { state = .closed(failures: 0) }

    /// The venue did not answer, or not sensibly.
    package mutating func failed(now: Timestamp) {
        switch state {
        case .closed(let failures) where failures + 1 < failuresToOpen: state = .closed(failures: failures + 1)
        case .closed, .open: state = .open(until: now + coolDown)
        }
    }
}
