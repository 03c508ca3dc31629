import Crypto
import Domain
import Foundation
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Keeps the configuration that is in force, and reads the file again when asked to or when it, or one of its templates,
/// has changed.
///
/// A file that cannot be used changes nothing: the log and the metric say so, and whoever asked hears why.
final class ConfigurationReloader: Service {
    /// How often the file is looked at.
    private static let pause = Duration.seconds(2)

    private struct State {
        var current: AlertingConfiguration
        /// Of the file that was read last, good or bad, and of the templates in force.
        var digest: [UInt8]
    }

    private let file: String
    private let externalURL: String
    private let apply: @Sendable (AlertingConfiguration) async throws -> Void
    private let conceal: @Sendable (Secret) -> Void
    private let succeeded: Gauge
    private let succeededAt: Gauge
    private let clock: any WallClock
    private let logger: Logger
    private let state: Mutex<State>
    private let turns = AsyncTurns()

    /// - Parameter apply: puts a new configuration into force.
    init(
        _ configuration: AlertingConfiguration, settings: AlertingSettings, context: ServiceContext,
        apply: @escaping @Sendable (AlertingConfiguration) async throws -> Void
    ) {
        file = settings.configurationFile
        externalURL = settings.externalURL
        self.apply = apply
        conceal = { context.conceal($0) }
        clock = context.clock
        logger = context.logger("configuration")
        succeeded = context.metrics.gauge(
            "plimsoll_alerting_config_reload_success", "1 when the last reading of the configuration file was good.")
        succeededAt = context.metrics.gauge(
            "plimsoll_alerting_config_reload_success_timestamp_seconds",
            "When a good configuration was read last, in seconds since 1970.")
        state = Mutex(State(current: configuration, digest: Self.digest(of: file, configuration.templates)))
        note(configuration)
    }

    /// The configuration in force.
    var current: AlertingConfiguration { state.withLock { $0.current } }

    /// Reads the file and puts it into force.
    ///
    /// - Throws: `ConfigurationError`; the old configuration stays in force.
    func reload() async throws(ConfigurationError) {
        let result = await turns.take { await self.reloadOnce() }
        try result.get()
    }

    func run() async throws {
        // Cancelled: the program ends.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.pause)
                let digest = Self.digest(of: self.file, self.current.templates)
                guard self.state.withLock({ $0.digest != digest }) else { continue }
                // The log and the metric have said why it could not be used.
                do throws(ConfigurationError) { try await self.reload() } catch { continue }
            }
        }
    }

    private func reloadOnce() async -> Result<Void, ConfigurationError> {
        let digest = Self.digest(of: file, current.templates)
        state.withLock { $0.digest = digest }
        do {
            let configuration = try ConfigurationReader.load(file, externalURL: externalURL)
            for secret in configuration.secrets { conceal(secret) }
            try await apply(configuration)
            state.withLock { state in
                // Other templates are watched from now on.
                if configuration.templates != state.current.templates {
                    state.digest = Self.digest(of: file, configuration.templates)
                }
                state.current = configuration
            }
            note(configuration)
            logger.info("the configuration was read again", metadata: ["file": "\(file)"])
            return .success(())
        } catch {
            succeeded.set(0)
            let failure = error as? ConfigurationError ?? ConfigurationError(faults: ["\(error)"])
            logger.error(
                "the configuration cannot be used, the old one stays in force",
                metadata: ["file": "\(file)", "error": "\(failure)"])
            return .failure(failure)
        }
    }

    private func note(_ configuration: AlertingConfiguration) {
        succeeded.set(1)
        succeededAt.set(Double(clock.now().nanoseconds) / 1e9)
        for secret in configuration.secrets { conceal(secret) }
        for warning in configuration.warnings {
            logger.warning("doubtful configuration", metadata: ["warning": "\(warning)"])
        }
    }

    /// A file that cannot be read counts as empty, which is a change too.
    private static func digest(of file: String, _ templates: [String]) -> [UInt8] {
        var hash = SHA256()
        for file in [file] + templates.flatMap(TemplateReader.files) {
            hash.update(data: Data("\(file)\n".utf8))
            hash.update(data: Data(SHA256.hash(data: FileManager.default.contents(atPath: file) ?? Data())))
        }
        return Array(hash.finalize())
    }
}

/// Lets one after another do something.
private actor AsyncTurns {
    private var last: Task<Void, Never>?

    func take<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        let before = last
        let task = Task {
            await before?.value
            return await work()
        }
        last = Task { _ = await task.value }
        return await task.value
    }
}
