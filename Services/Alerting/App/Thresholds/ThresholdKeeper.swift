import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store
import Synchronization

/// Knows the settings in force and shows the thresholds among them to Prometheus.
///
/// Whichever instance saved them, all show them within seconds. While the database is away the last ones stay; an instance
/// that never reached it shows none, and the rules go by their own numbers.
final class ThresholdKeeper: Service {
    static let metric = "plimsoll_alert_threshold"
    private static let pause = Duration.seconds(2)

    private struct State {
        var current: SettingsVersion?
        var shown: Set<String> = []
    }

    private let store: AlertStore
    private let metrics: Metrics
    private let logger: Logger
    private let state = Mutex(State())

    init(store: AlertStore, metrics: Metrics, logger: Logger) {
        self.store = store
        self.metrics = metrics
        self.logger = logger
    }

    /// The settings in force as the database has them now.
    ///
    /// - Throws: `StoreError`.
    func current() async throws -> SettingsVersion {
        let version = try await store.settings()
        show(version)
        return version
    }

    /// Saves settings and puts them into force.
    ///
    /// - Throws: `AlertStore.SettingsConflict`, `StoreError`.
    func save(_ draft: SettingsDraft) async throws -> SettingsVersion {
        let saved = try await store.save(draft)
        show(saved)
        logger.notice(
            "settings were changed",
            metadata: [
                "version": "\(saved.number)", "by": "\(saved.by)", "action": "\(draft.action)",
                "what": "\(draft.detail)",
            ])
        return saved
    }

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do { _ = try await current() } catch is CancellationError { return } catch {
                logger.debug("the settings cannot be read", metadata: ["error": "\(error)"])
            }
            // Woken early when the program ends.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
    }

    /// What is no longer set is shown with the rule's own number: a rule looks back for some minutes, see `Threshold.rule`.
    private func show(_ version: SettingsVersion) {
        let names: Set<String>? = state.withLock { state in
            // An older look at the database that comes late.
            if let current = state.current, current.number > version.number { return nil }
            state.current = version
            state.shown.formUnion(version.thresholds.keys)
            return state.shown
        }
        for threshold in ThresholdCatalog.all where names?.contains(threshold.name) == true {
            metrics.gauge(
                Self.metric, "A number that was set for the alerts to go by; what is not here is as the rule says.",
                labels: ["threshold": threshold.name]
            ).set(version.value(of: threshold).approximate)
        }
    }
}
