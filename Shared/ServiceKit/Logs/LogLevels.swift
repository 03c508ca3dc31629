package import Logging

/// Which records are written: one level for all, and others for modules by name.
package struct LogLevels: Sendable {
    /// The keys that decide.
    static let keys: Set<String> = ["log.level", "log.modules"]

    private let general: Logger.Level
    private let modules: [String: Logger.Level]

    package init(_ general: Logger.Level = .info, modules: [String: Logger.Level] = [:]) {
        self.general = general
        self.modules = modules
    }

    /// `log.level`, and `log.modules` with a level for each module, such as `http: warning`.
    package init(reader: SettingsReader) {
        let general = reader.oneOf("log.level", Logger.Level.self, default: .info)
        var modules: [String: Logger.Level] = [:]
        for module in reader.keys(of: "log.modules") {
            guard !module.contains(".") else {
                reader.fault("log.modules", "\"\(module)\" is no module; allowed: a name without dots, such as http")
                continue
            }
            modules[module] = reader.oneOf("log.modules.\(module)", Logger.Level.self)
        }
        self.init(general, modules: modules)
    }

    /// The level of a label such as `execution.venue.binance`: that of its last part which is a named module.
    package func level(for label: String) -> Logger.Level {
        let parts = label.split(separator: ".").map(String.init)
        return parts.reversed().lazy.compactMap { modules[$0] }.first ?? general
    }
}
