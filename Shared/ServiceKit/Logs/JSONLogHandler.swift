import Domain
package import Logging

/// Writes each record as one line of JSON:
/// `{"at":"…","level":"info","service":"risk-manager","module":"risk-manager.decisions","message":"…","correlation":"…","fields":{…}}`.
///
/// Correlation ids come from the metadata key `correlation`. Lengths and counts are bounded, and known secrets blotted out.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?

    private let service: String
    private let label: String
    private let output: LogOutput

    package init(service: String, label: String, output: LogOutput) {
        self.service = service
        self.label = label
        self.output = output
        self.logLevel = output.levels.level(for: label)
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
    let levels: LogLevels
    let redactor: Redactor
    let clock: any WallClock
    private let counters: [Logger.Level: Counter]

    package init(
        sink: any LogSink, levels: LogLevels, redactor: Redactor, metrics: Metrics, clock: any WallClock = SystemClock()
    ) {
        self.sink = sink
        self.levels = levels
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

    func count(_ level: Logger.Level) { counters[level]?.increment() }

    /// A logger of one module of a service.
    package func logger(service: String, label: String) -> Logger {
        Logger(label: label) { JSONLogHandler(service: service, label: $0, output: self) }
    }
}
