import FoundationEssentials
import Synchronization

/// The settings of the suite: one YAML file, overridden key by key from the environment.
///
/// `risk.limits.daily_loss` is overridden by `PLIMSOLL_RISK_LIMITS_DAILY_LOSS`, an item of a list by its number
/// (`PLIMSOLL_ACCOUNTS_0_DEPOSIT`); a list of plain values may be given with commas, and an empty variable counts as absent.
/// Secrets are never values: a key that ends in `_file` names the file that holds one. Relative paths count from the working directory.
package struct Settings: Sendable {
    /// The largest file that is read, in bytes.
    package static let sizeMax = 1 << 20

    /// False while settings are only checked by somebody who may not read the secrets of all services: that a file is named
    /// is then enough.
    @TaskLocal package static var opensSecrets = true

    let file: String
    let root: SettingsNode
    let environment: [String: String]
    /// Knows every secret that was read through this value.
    package let redactor: Redactor

    /// Reads the file at `path`.
    ///
    /// - Parameter redactor: that of an earlier reading, which goes on to know its secrets.
    /// - Throws: `SettingsError` when it cannot be read, is too large or is not YAML.
    package static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        redactor: Redactor = Redactor()
    ) throws(SettingsError) -> Settings {
        func unreadable(_ problem: String) -> SettingsError {
            SettingsError(faults: [SettingsFault(location: path, key: nil, value: nil, problem: problem)])
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw unreadable("cannot be read") }
        guard data.count <= sizeMax else { throw unreadable("is larger than \(sizeMax) bytes") }
        guard let text = String(data: data, encoding: .utf8) else { throw unreadable("is not UTF-8") }
        return try Settings(yaml: text, file: path, environment: environment, redactor: redactor)
    }

    /// Reads settings from text, for tests and tools.
    ///
    /// - Throws: `SettingsError` when the text is not YAML.
    package init(
        yaml: String, file: String = "settings", environment: [String: String] = [:], redactor: Redactor = Redactor()
    ) throws(SettingsError) {
        self.file = file
        self.redactor = redactor
        self.root = try SettingsNode.parse(yaml, file: file)
        self.environment = environment.filter { !$0.value.isEmpty }
    }

    /// A reader of all keys that collects faults until `finish()`.
    package var reader: SettingsReader {
        SettingsReader(settings: self, path: [], node: root, findings: SettingsFindings(accepted: acceptedDangers))
    }

    private var acceptedDangers: Set<String> { Set(acceptances.map(\.key)) }

    /// The keys named under `accept_dangerous`, each with the place where it is.
    var acceptances: [(key: String, location: String)] {
        let variable = Self.variable(for: ["accept_dangerous"])
        if let text = environment[variable] {
            return text.split(separator: ",").map { ($0.trimmingBlanks(), "environment \(variable)") }
        }
        guard case .list(let items, _) = root.child("accept_dangerous") else { return [] }
        return items.compactMap { item in
            if case .scalar(.some(let text), let line) = item { (text, "\(file):\(line)") } else { nil }
        }
    }

    /// The variable that overrides a key: `a.b[0].c_d` → `PLIMSOLL_A_B_0_C_D`.
    static func variable(for path: [String]) -> String {
        let letters = path.joined(separator: "_").uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
        return "PLIMSOLL_" + String(letters)
    }
}

/// What one reading of the settings has found so far.
final class SettingsFindings: Sendable {
    struct State {
        var faults: [SettingsFault] = []
        var warnings: [SettingsFault] = []
        var keysRead: Set<String> = []
    }

    let accepted: Set<String>
    private let state = Mutex(State())

    init(accepted: Set<String>) { self.accepted = accepted }

    /// All that was found so far.
    var found: State { state.withLock { $0 } }

    func add(fault: SettingsFault) { state.withLock { $0.faults.append(fault) } }

    func add(warning: SettingsFault) { state.withLock { $0.warnings.append(warning) } }

    func noteRead(_ key: String) { state.withLock { _ = $0.keysRead.insert(key) } }
}
