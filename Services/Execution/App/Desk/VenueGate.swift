import Domain
import ExecutionCore
import ServiceKit
import Synchronization

/// Every request to a venue goes through here: it is timed, counted, and moves the circuit breaker.
final class VenueGate: Sendable {
    private struct State {
        var breaker = CircuitBreaker()
        var streaming = false
        var limitedUntil = ContinuousClock.now
    }

    private let venue: String
    private let metrics: Metrics
    private let connected: Gauge
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    init(venue: String, account: String, metrics: Metrics) {
        self.venue = venue
        self.metrics = metrics
        connected = metrics.gauge(
            "plimsoll_venue_connected", "1 while the venue reports to us.", labels: ["account": account])
    }

    /// The venue reports by itself; else it has to be asked.
    var isStreaming: Bool { state.withLock { $0.streaming } }

    func streams(_ on: Bool) {
        state.withLock { $0.streaming = on }
        connected.set(on)
    }

    /// Whether an entry may be claimed now: not while the venue fails or wants silence.
    var takesEntries: Bool {
        let now = monotonic
        return state.withLock { $0.limitedUntil <= .now && $0.breaker.allows(now: now) }
    }

    func call<Answer: Sendable>(
        _ operation: String, _ body: @Sendable () async throws(VenueError) -> Answer
    ) async -> Result<Answer, VenueError> {
        let began = ContinuousClock.now
        do throws(VenueError) {
            let answer = try await body()
            note(operation, took: .now - began, nil)
            return .success(answer)
        } catch {
            note(operation, took: .now - began, error)
            return .failure(error)
        }
    }

    private func note(_ operation: String, took: Duration, _ error: VenueError?) {
        metrics.histogram(
            "plimsoll_venue_request_seconds", "How long the venue took to answer.",
            labels: ["venue": venue, "operation": operation]
        ).observe(took)
        let now = monotonic
        guard let error else { return state.withLock { $0.breaker.succeeded() } }
        metrics.counter(
            "plimsoll_venue_errors_total", "Requests to the venue that failed.",
            labels: ["venue": venue, "kind": error.kind.rawValue]
        ).increment()
        state.withLock { state in
            switch error.kind {
            case .refused, .unknown: state.breaker.succeeded()
            case .limited: state.limitedUntil = .now + error.retryAfter
            case .notSent, .inDoubt: state.breaker.failed(now: now)
            }
        }
    }

    private var monotonic: Timestamp {
        Timestamp(nanoseconds: (ContinuousClock.now - start).span.nanoseconds)
    }
}
