/// Waits that double, each drawn between half and all of its limit.
package struct Backoff: Sendable {
    private let first: Duration
    private let most: Duration
    private var limit: Duration

    package init(first: Duration = .milliseconds(50), most: Duration = .seconds(2)) {
        self.first = first
        self.most = most
        limit = first
    }

    /// How long to wait now.
    package mutating func next() -> Duration {
        let current = limit
        limit = min(most, limit * 2)
        return current * Double.random(in: 0.5...1)
    }

    package mutating func reset() { limit = first }
}
