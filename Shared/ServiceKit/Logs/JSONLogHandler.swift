import Domain
package import Logging
import Synchronization

/// Writes each record as one line of JSON:
/// `{"at":"…","level":"info","service":"risk-manager","module":"risk-manager.decisions","message":"…","correlation":"…","fields":{…}}`.
///
/// Correlation ids come from the metadata key `correlation`. Lengths and counts are bounded, and known secrets blotted out.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let service: String
    private let label: String
    private let output: LogOutput
    private let level: LogOutput.Level
    /// A level that somebody gave this one logger.
    private var own: Logger.Level?

    package init(service: String, label: String, output: LogOutput) {
        self.service = service
        self.label = label
        self.output = output
        self.level = output.level(of: label)
    }

    package var logLevel: Logger.Level {
        get { own ?? level.value }
        set { own = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let given = event.metadata { fields.merge(given) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        let correlation = fields.removeValue(forKey: "correlation")
        var line = JSONLine()
        line.begin()
        line.add("at", output.clock.now().description)
        line.add("level", event.level.rawValue)
        line.add("service", service)
        line.add("module", label)
        line.add("message", output.redactor.redact(event.message.description))
        if let correlation { line.add("correlation", output.redactor.redact("\(correlation)")) }
        if !fields.isEmpty { line.add("fields", fields, redact: output.redactor.redact) }
        line.end()
        output.count(event.level)
        output.sink.write(line.text)
    }
}

/// What all loggers of a process share.
package struct LogOutput: Sendable {
    let sink: any LogSink
    private let levels: Levels
    let redactor: Redactor
    let clock: any WallClock
    private let counters: [Logger.Level: Counter]

    package init(
        sink: any LogSink, levels: LogLevels, redactor: Redactor, metrics: Metrics, clock: any WallClock = SystemClock()
    ) {
        self.sink = sink
        self.levels = Levels(levels)
        self.redactor = redactor
        self.clock = clock
        self.counters = Dictionary(
            uniqueKeysWithValues: Logger.Level.allCases.map { level in
                (
                    level,
                    metrics.counter(
                        "plimsoll_log_messages_total", "Log records written.", labels: ["level": level.rawValue])
                )
            })
    }

    /// The level of a label, which follows the settings.
    func level(of label: String) -> Level { levels.level(of: label) }

    /// From now on these levels hold, for the loggers there are too.
    func set(_ new: LogLevels) { levels.set(new) }

    func count(_ level: Logger.Level) { counters[level]?.increment() }

    /// A logger of one module of a service.
    package func logger(service: String, label: String) -> Logger {
        Logger(label: label) { JSONLogHandler(service: service, label: $0, output: self) }
    }
}

extension LogOutput {
    /// The level of one label. Reading it is one atomic load, since every call of a logger does.
    final class Level: Sendable {
        private let index: Atomic<Int>

        init(_ level: Logger.Level) { index = Atomic(Self.number(level)) }

        var value: Logger.Level { Logger.Level.allCases[index.load(ordering: .relaxed)] }

        func set(_ level: Logger.Level) { index.store(Self.number(level), ordering: .relaxed) }

        private static func number(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
    }

    /// The levels that hold, and those of every label so far.
    private final class Levels: Sendable {
        private let state: Mutex<(levels: LogLevels, labels: [String: Level])>

        init(_ levels: LogLevels) { state = Mutex((levels, [:])) }

        func level(of label: String) -> Level {
            state.withLock { state in
                if let known = state.labels[label] { return known }
                let level = Level(state.levels.level(for: label))
                state.labels[label] = level
                return level
            }
        }

        func set(_ levels: LogLevels) {
            state.withLock { state in
                state.levels = levels
                for (label, level) in state.labels { level.set(levels.level(for: label)) }
            }
        }
    }
}
