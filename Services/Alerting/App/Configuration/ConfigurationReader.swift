import AlertingCore
import Domain
import Foundation
import ServiceKit

/// Reads an alertmanager.yml. What is not supported is refused by its name and line.
///
/// A secret may stand in the file itself, or in a file that a key ending in `_file` names.
struct ConfigurationReader {
    private let reader: SettingsReader
    private let text: String
    private let file: String
    private let externalURL: String
    private let findings = Findings()

    /// What is found on the way, beside the configuration itself.
    final class Findings {
        var secrets: [Secret] = []
        /// Keys that hold a secret themselves.
        var inlineSecrets: [String] = []
    }

    /// - Parameters:
    ///   - environment: its variables that begin with `ALERTING_GLOBAL_` override keys under `global`.
    ///   - externalURL: what templates show as `.ExternalURL`.
    /// - Throws: `SettingsError` when the text is not YAML.
    init(
        _ text: String, file: String, environment: [String: String] = [:], externalURL: String = ""
    ) throws(SettingsError) {
        let own = environment.filter { $0.key.hasPrefix("ALERTING_GLOBAL_") }
        let overrides = Dictionary(
            uniqueKeysWithValues: own.map {
                ("PLIMSOLL_GLOBAL_\($0.key.dropFirst("ALERTING_GLOBAL_".count))", $0.value)
            })
        reader = try Settings(yaml: text, file: file, environment: overrides).reader
        self.text = text
        self.file = file
        self.externalURL = externalURL
    }

    /// Reads a file.
    ///
    /// - Throws: `ConfigurationError`, also when the file cannot be read.
    static func load(
        _ file: String, environment: [String: String] = ProcessInfo.processInfo.environment, externalURL: String
    ) throws(ConfigurationError) -> AlertingConfiguration {
        guard let data = FileManager.default.contents(atPath: file), data.count <= Settings.sizeMax,
            let text = String(data: data, encoding: .utf8)
        else { throw ConfigurationError(faults: ["\(file) cannot be read, or is no text of at most 1 MiB"]) }
        let reader: ConfigurationReader
        do throws(SettingsError) {
            reader = try ConfigurationReader(text, file: file, environment: environment, externalURL: externalURL)
        } catch {
            throw ConfigurationError(faults: error.faults.map(\.description))
        }
        return try reader.read()
    }

    /// - Throws: `ConfigurationError` with everything that is wrong.
    func read() throws(ConfigurationError) -> AlertingConfiguration {
        let global = reader.scoped(to: "global")
        let timeout = global.duration(
            "resolve_timeout", in: .seconds(1)...(.seconds(86_400 * 30)), default: .seconds(300))
        let templates = TemplateReader(files: reader, file: file, externalURL: externalURL)
        let receivers = ReceiverReader(global: global, templates: templates, findings: findings)
        let (names, destinations) = receivers.read(reader.items("receivers"))
        let intervals = TimeIntervalReader.read(reader)
        let routes = RouteReader(receivers: Set(names), intervals: Set(intervals.keys))
        if !reader.has("route") { reader.fault("route", "is missing: say who is told of what") }
        let suite = SuiteRulesReader(receivers: Set(names))
        let section = reader.scoped(to: "plimsoll")
        let book = AlertBook.Settings(
            route: routes.read(reader.scoped(to: "route")),
            destinations: Dictionary(
                uniqueKeysWithValues: destinations.map { name, all in
                    (name, all.map { .init(name: $0.name, sendResolved: $0.sendResolved) })
                }), resolveTimeout: timeout.span, inhibitRules: routes.inhibitRules(reader), intervals: intervals,
            eventRules: suite.events(section), flapRules: suite.flapping(section))
        let escalation = suite.escalation(section)
        let (watch, dailyTest) = (suite.watch(section), suite.dailyTest(section))
        let doubts = try finish()
        return AlertingConfiguration(
            book: book, escalation: escalation, watch: watch, dailyTest: dailyTest, receivers: names,
            destinations: names.flatMap { destinations[$0] ?? [] },
            original: ConfigurationText(text).shown, warnings: doubts + warnings,
            secrets: findings.secrets, templates: templates.paths)
    }

    /// - Returns: what is doubtful, by name and line.
    private func finish() throws(ConfigurationError) -> [String] {
        do throws(SettingsError) {
            return try reader.finish(knowing: []).map(\.description)
        } catch {
            throw ConfigurationError(faults: error.faults.map { $0.isUnknown ? Self.refusal($0) : $0.description })
        }
    }

    private static func refusal(_ fault: SettingsFault) -> String {
        "\(fault.location): \(fault.key ?? "") is not supported"
    }

    /// Others should not read a file with secrets in it.
    private var warnings: [String] {
        guard let first = findings.inlineSecrets.first,
            // A text that is in no file has no readers to be warned of.
            let mode = try? FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        else { return [] }
        guard mode & 0o077 != 0 else {
            return ["\(file) holds secrets (\(first)): keep it private, or name a file with \(first)_file"]
        }
        return [
            "\(file) holds secrets (\(first)), and others may read it (mode \(String(mode, radix: 8))): "
                + "chmod 600 it, or name a file with \(first)_file"
        ]
    }
}

extension Timestamp.Span {
    var duration: Duration { .nanoseconds(nanoseconds) }
    /// For metrics.
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
