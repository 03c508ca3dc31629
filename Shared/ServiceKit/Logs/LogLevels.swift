package import Logging

/// Which records are written: one level for all, and others for modules by name.
package struct LogLevels: Sendable {
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
            modules[module] = reader.oneOf("log.modules.\(module)", Logger.Level.self)
        }
        self.init(general, modules: modules)
    }

    /// The level of a label such as `execution.venue.binance`: that of the longest module that is a part of it, read from
    /// the front or after the service's name.
    package func level(for label: String) -> Logger.Level {
        let parts = label.split(separator: ".").map(String.init)
        for count in stride(from: parts.count, to: 0, by: -1) {
            let prefix = parts.prefix(count)
            if let level = modules[prefix.joined(separator: ".")] { return level }
            if let level = modules[prefix.dropFirst().joined(separator: ".")] { return level }
        }
        return general
    }
}
