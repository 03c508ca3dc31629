import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Reads the settings file again when it changes, and when it is told to (SIGHUP).
///
/// A file with any fault changes nothing: the settings that hold go on to hold, and the log and `plimsoll_settings_reload_failed`
/// say why. Of a good file, what may change while the service runs is applied at once; what needs a restart is named.
package final class SettingsReload: Service {
    /// What takes changed values over: the keys it answers for, and how.
    package typealias Apply = @Sendable (SettingsReader) -> Void

    private struct State {
        /// The last good reading.
        var settings: Settings
        /// The content that was read last, and that of the last look: a file counts as changed when it stands still, not while
        /// it is being written.
        var taken: Data?
        var seen: Data?
        var handlers: [(patterns: Set<String>, apply: Apply)] = []
    }

    private let path: String
    private let read: SettingsRead
    /// What holds until a restart where nobody takes changes over.
    private let atStart: Settings
    private let state: Mutex<State>
    private let logger: Logger
    private let failed: Gauge
    private let restartNeeded: Gauge
    private let metrics: Metrics
    private let bell = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// How often the file is looked at: a poll, since a mounted or replaced file tells no watcher.
    static let interval: Duration = .seconds(1)

    /// - Parameters:
    ///   - settings: what was read at the start from the file at `path`.
    ///   - read: reads all that the service reads.
    init(path: String, settings: Settings, metrics: Metrics, logger: Logger, read: @escaping SettingsRead) {
        self.path = path
        self.read = read
        self.metrics = metrics
        self.logger = logger
        atStart = settings
        let content = FileManager.default.contents(atPath: path)
        state = Mutex(State(settings: settings, taken: content, seen: content))
        failed = metrics.gauge(
            "plimsoll_settings_reload_failed", "1 while the settings file is faulty and the settings from before hold.")
        restartNeeded = metrics.gauge(
            "plimsoll_settings_restart_needed", "Changed settings that hold only after a restart.")
        failed.set(0)
        restartNeeded.set(0)
    }

    /// Registers who applies changes of these keys, or of keys below them, while the service runs.
    func onChange(_ patterns: Set<String>, _ apply: @escaping Apply) {
        state.withLock { $0.handlers.append((patterns, apply)) }
    }

    /// Looks at the file now, whether it changed or not.
    package func ring() { bell.continuation.yield() }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [bell] in
                    for await _ in bell.stream { self.reload(because: "asked for") }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await Task.pause(for: Self.interval)
                        self.lookForChange()
                    }
                }
                await group.waitForAll()
            }
        }
    }

    private func lookForChange() {
        let content = FileManager.default.contents(atPath: path)
        let changed = state.withLock { state in
            defer { state.seen = content }
            guard state.seen == content, state.taken != content else { return false }
            state.taken = content
            return true
        }
        if changed { reload(because: "the file changed") }
    }

    /// Reads the file and applies what may be applied.
    func reload(because reason: String) {
        let new: Settings
        let reader: SettingsReader
        do {
            let old = state.withLock { $0.settings }
            new = try Settings.load(path: path, environment: old.environment, redactor: old.redactor)
            reader = new.reader
            read(reader)
            for doubt in try reader.finish() { logger.warning("doubtful setting", metadata: ["setting": "\(doubt)"]) }
        } catch {
            failed.set(1)
            count("failed")
            logger.error(
                "settings not reloaded: those from before hold",
                metadata: ["reason": "\(reason)", "faults": .array(error.faults.map { "\($0)" })])
            return
        }
        failed.set(0)
        count("done")
        take(new, reader, reason)
    }

    private func take(_ new: Settings, _ reader: SettingsReader, _ reason: String) {
        let (difference, handlers) = state.withLock { state in
            defer { state.settings = new }
            return (SettingsDifference(from: state.settings, to: new), state.handlers)
        }
        var applied: Set<String> = []
        for handler in handlers {
            let keys = difference.keys(under: handler.patterns)
            guard !keys.isEmpty else { continue }
            handler.apply(reader)
            applied.formUnion(keys)
        }
        let sinceStart = SettingsDifference(from: atStart, to: new)
        let live = Set(handlers.flatMap { sinceStart.keys(under: $0.patterns) })
        let waiting = sinceStart.keys(read: reader.keysRead).filter { !live.contains($0) }
        restartNeeded.set(waiting.count)
        logger.notice(
            applied.isEmpty ? "settings read again" : "settings changed",
            metadata: ["reason": "\(reason)", "applied": .keys(applied.sorted())])
        if !waiting.isEmpty {
            logger.warning("changed settings hold after a restart", metadata: ["keys": .keys(waiting)])
        }
    }

    private func count(_ result: String) {
        metrics.counter(
            "plimsoll_settings_reloads_total", "Readings of the settings after the first.", labels: ["result": result]
        ).increment()
    }
}

extension Logger.MetadataValue {
    fileprivate static func keys(_ keys: [String]) -> Logger.MetadataValue { .array(keys.map { .string($0) }) }
}
