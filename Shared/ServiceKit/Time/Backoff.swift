/// How long to wait before the next attempt: doubling from `base` to `limit`, each wait drawn from its upper half, so that
/// many clients that failed together do not come back together.
package struct Backoff: Sendable {
    private let base: Duration
    private let limit: Duration
    /// Attempts since the last success.
    package private(set) var attempts = 0

    /// - Precondition: 0 < base ≤ limit.
    package init(base: Duration = .milliseconds(100), limit: Duration = .seconds(30)) {
        precondition(base > .zero && base <= limit, "a backoff needs 0 < base <= limit")
        self.base = base
        self.limit = limit
    }

    /// The wait before the next attempt.
    package mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(attempts, 40)
        attempts += 1
        let full = min(base * (1 << doublings), limit)
        return full / 2 + full / 2 * Double.random(in: 0...1, using: &random)
    }

    /// The wait before the next attempt, drawn from the system's random numbers.
    package mutating func next() -> Duration {
        var random = SystemRandomNumberGenerator()
        return next(using: &random)
    }

    /// Begins anew after a success.
    package mutating func reset() { attempts = 0 }
}
