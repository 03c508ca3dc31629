package import Domain
import Synchronization

/// Whether the service can do its work: alive while the process answers, ready when everything it needs is there.
package final class Health: Sendable {
    /// How one thing the service needs is doing.
    package struct Status: Sendable, Equatable {
        package let name: String
        /// A service may be ready without one that is not required.
        package let required: Bool
        package let up: Bool
        /// Why it is down; nil when it is up.
        package let reason: String?
        /// When it last went up or down, wall time.
        package let since: Timestamp
    }

    /// The handle of whoever knows about one dependency. It is down, "not tried yet", until somebody says otherwise.
    package struct Dependency: Sendable {
        fileprivate let health: Health
        package let name: String

        package func up() { health.record(name, reason: nil) }

        /// - Parameter reason: for people; no secrets, at most 300 characters are kept.
        package func down(_ reason: String) { health.record(name, reason: String(reason.prefix(300))) }

        /// True when it was last reported up.
        package var isUp: Bool { health.status(of: name)?.up ?? false }
    }

    private struct State {
        var statuses: [String: Status] = [:]
        var gauges: [String: Gauge] = [:]
        var stopping = false
    }

    private let clock: any WallClock
    private let metrics: Metrics
    private let state = Mutex(State())

    package init(metrics: Metrics, clock: any WallClock = SystemClock()) {
        self.metrics = metrics
        self.clock = clock
    }

    /// Names something the service needs; asking again gives the same one.
    package func dependency(_ name: String, required: Bool = true) -> Dependency {
        let gauge = metrics.gauge(
            "plimsoll_dependency_up", "1 when what the service needs is there.", labels: ["dependency": name])
        let since = clock.now()
        state.withLock { state in
            guard state.statuses[name] == nil else { return }
            state.gauges[name] = gauge
            state.statuses[name] = Status(
                name: name, required: required, up: false, reason: "not tried yet", since: since)
        }
        return Dependency(health: self, name: name)
    }

    /// Every required dependency is up and the service is not stopping.
    package var ready: Bool {
        state.withLock { state in !state.stopping && state.statuses.values.allSatisfy { $0.up || !$0.required } }
    }

    /// True from the moment the service was asked to stop.
    package var stopping: Bool { state.withLock { $0.stopping } }

    /// All dependencies, by name.
    package var statuses: [Status] {
        state.withLock { $0.statuses.values.sorted { $0.name < $1.name } }
    }

    /// The service was asked to stop: it is never ready again.
    package func beginStopping() { state.withLock { $0.stopping = true } }

    private func status(of name: String) -> Status? { state.withLock { $0.statuses[name] } }

    private func record(_ name: String, reason: String?) {
        let now = clock.now()
        state.withLock { state in
            guard let old = state.statuses[name] else { return }
            let up = reason == nil
            state.gauges[name]?.set(up)
            state.statuses[name] = Status(
                name: name, required: old.required, up: up, reason: reason, since: old.up == up ? old.since : now)
        }
    }
}
