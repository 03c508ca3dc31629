/// A condition did not come true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration
    package var description: String { "\(what): not within \(limit)" }
}

/// Waits until `condition` gives a value, looking every few milliseconds.
///
/// - Throws: `NeverHappened` at the limit, or what `condition` throws.
@discardableResult
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(10), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await condition() { return value }
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(10))
    }
}
