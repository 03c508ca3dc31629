import Bus
import Foundation
import ServiceKit
import Store

/// The command line of alerting on its own, beside a Prometheus and without the rest of the suite.
///
/// The passwords in the URLs are blotted out of the process's arguments as soon as they are read, so that `ps` shows them
/// for a moment only; the settings file has them in files.
struct StandaloneArguments: Sendable {
    struct Unusable: Error {
        let problem: String
    }

    static let help = """
        usage: alerting --config FILE --listen HOST:PORT --database-url URL [--redis-url URL] [--external-url URL]
                        [--spool-folder FOLDER] [--allow-private-receivers]
           or: alerting [--config SETTINGS] [--listen HOST:PORT]

        With --database-url, FILE is the file of routes and receivers; without it, the settings of the suite.
        """

    let listen: ListenAddress
    let database: DatabaseSettings
    let redis: BusSettings?
    /// The rest, as a settings file would say it.
    let settings: String

    /// - Returns: nil when there is no `--database-url`: the settings file says everything.
    init?(_ arguments: [String]) throws(Unusable) {
        guard arguments.contains("--database-url") else { return nil }
        let (values, isPrivateAllowed) = try Self.values(arguments)
        guard let listen = ListenAddress(values["--listen"] ?? "127.0.0.1:9093") else {
            throw Unusable(problem: "--listen needs HOST:PORT")
        }
        self.listen = listen
        database = try Self.database(values["--database-url"] ?? "")
        redis = if let text = values["--redis-url"] { try Self.redis(text) } else { nil }
        var lines = ["alerting:", "  port: 9093", "  allow_private_receivers: \(isPrivateAllowed)"]
        for (key, name, fallback) in [
            ("config_file", "--config", "config/alerting.yml"), ("spool_folder", "--spool-folder", "var/alerting"),
            ("external_url", "--external-url", ""),
        ] {
            let value = values[name] ?? fallback
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw Unusable(problem: "\(name) is not usable")
            }
            if !value.isEmpty { lines.append("  \(key): '\(value.replacing("'", with: "''"))'") }
        }
        settings = lines.joined(separator: "\n")
    }

    private static func values(
        _ arguments: [String]
    ) throws(Unusable) -> (values: [String: String], isPrivateAllowed: Bool) {
        var values: [String: String] = [:]
        var isPrivateAllowed = false
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--allow-private-receivers": isPrivateAllowed = true
            case "--config", "--listen", "--database-url", "--redis-url", "--external-url", "--spool-folder":
                guard let value = rest.popFirst() else { throw Unusable(problem: "\(name) needs a value") }
                values[name] = value
            default: throw Unusable(problem: "unknown argument \(name)")
            }
        }
        return (values, isPrivateAllowed)
    }

    private static func database(_ text: String) throws(Unusable) -> DatabaseSettings {
        guard let url = URLComponents(string: text), ["postgres", "postgresql"].contains(url.scheme ?? ""),
            let host = url.host, let user = url.user, url.path.count > 1
        else { throw Unusable(problem: "--database-url must be postgres://USER:PASSWORD@HOST:PORT/NAME") }
        return DatabaseSettings(
            host: host, port: url.port ?? 5432, database: String(url.path.dropFirst()), user: user,
            password: url.password ?? "", applicationName: "alerting")
    }

    private static func redis(_ text: String) throws(Unusable) -> BusSettings {
        guard let url = URLComponents(string: text), url.scheme == "redis", let host = url.host else {
            throw Unusable(problem: "--redis-url must be redis://:PASSWORD@HOST:PORT")
        }
        return BusSettings(host: host, port: Int32(url.port ?? 6379), password: url.password)
    }
}
