import Domain
import ServiceKit

/// When a notice that was not taken is tried again.
struct RetryPolicy {
    /// Later than this nobody needs it any more.
    static let ageMax = Timestamp.Span.seconds(6 * 3600)
    private static let first = Timestamp.Span.seconds(1)
    private static let longest = Timestamp.Span.seconds(60)

    /// Tries so far, this one included.
    let attempts: Int
    let age: Timestamp.Span

    /// - Parameter jitter: 0 to 1; the pause is between half and the whole of its value.
    func outcome(
        _ answer: DeliveryAnswer, now: Timestamp, jitter: Double
    ) -> (result: Record.Attempt.Result, next: Timestamp) {
        switch answer {
        case .delivered: return (.delivered, now)
        case .refused: return (.failed, now)
        case .retry(_, let after):
            guard age < Self.ageMax else { return (.failed, now) }
            let doubled = Self.first.nanoseconds << Int64(min(attempts - 1, 10))
            let pause = Double(min(doubled, Self.longest.nanoseconds)) * (0.5 + 0.5 * jitter)
            let wanted = after?.span.nanoseconds ?? 0
            return (.retry, now + Timestamp.Span(nanoseconds: max(Int64(pause), wanted)))
        }
    }
}
