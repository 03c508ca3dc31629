package import Domain

/// Stops asking a venue that fails again and again, and tries once in a while.
///
/// Times are monotonic, passed in. Only entries wait for it: queries, cancellations and exits go on.
package struct CircuitBreaker: Hashable, Sendable {
    private enum State: Hashable {
        case closed(failures: Int)
        case open(until: Timestamp)
        /// One request is out to try.
        case trying
    }

    package let failuresToOpen: Int
    package let coolDown: Timestamp.Span
    private var state = State.closed(failures: 0)

    package init(failuresToOpen: Int = 5, coolDown: Timestamp.Span = .seconds(30)) {
        self.failuresToOpen = failuresToOpen
        self.coolDown = coolDown
    }

    /// Whether requests are being held back.
    package var isOpen: Bool {
        switch state {
        case .closed: false
        case .open, .trying: true
        }
    }

    /// Whether a request may leave; after the cool-down one may, until it is known how it went.
    package mutating func allows(now: Timestamp) -> Bool {
        switch state {
        case .closed: return true
        case .open(let until):
            guard now >= until else { return false }
            state = .trying
            return true
        case .trying: return false
        }
    }

    /// The venue answered, if only with a refusal.
    package mutating func succeeded() { state = .closed(failures: 0) }

    /// The venue did not answer, or not sensibly.
    package mutating func failed(now: Timestamp) {
        switch state {
        case .closed(let failures) where failures + 1 < failuresToOpen: state = .closed(failures: failures + 1)
        case .closed, .open, .trying: state = .open(until: now + coolDown)
        }
    }
}
