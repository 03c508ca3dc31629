import Outbound
import ServiceKit

/// How mail is sent, as `global` says with `smtp_…` and a receiver without.
struct MailDefaults {
    let host: String
    let from: String
    private let username: String
    private let password: Secret?
    private let authorityFile: String?
    private let security: MailClient.Settings.Security

    /// - Parameter defaults: nil: these are the defaults.
    init(_ item: SettingsReader, _ defaults: MailDefaults?) {
        let prefix = defaults == nil ? "smtp_" : ""
        func text(_ key: String, _ fallback: String) -> String {
            item.has(prefix + key) ? item.string(prefix + key) : fallback
        }
        host = text("smarthost", defaults?.host ?? "")
        from = text("from", defaults?.from ?? "")
        username = text("auth_username", defaults?.username ?? "")
        password = item.optionalSecret(prefix + "auth_password_file") ?? defaults?.password
        authorityFile = item.optionalString(prefix + "ca_file") ?? defaults?.authorityFile
        security = item.oneOf(
            prefix + "security", MailClient.Settings.Security.self, default: defaults?.security ?? .startTLS)
        if item.has(prefix + "require_tls"), !item.boolean(prefix + "require_tls") {
            item.fault(prefix + "require_tls", "mail is never sent without TLS")
        }
    }

    func settings(_ item: SettingsReader) -> MailClient.Settings? {
        guard let colon = host.lastIndex(of: ":"), let port = Int(host[host.index(after: colon)...]),
            (1...65_535).contains(port), colon > host.startIndex
        else {
            item.fault("smarthost", "must be HOST:PORT, here or as smtp_smarthost under global")
            return nil
        }
        if !username.isEmpty, password == nil { item.fault("auth_password_file", "is missing beside auth_username") }
        return MailClient.Settings(
            host: String(host[..<colon]), port: port, security: security, username: username,
            password: password?.reveal() ?? "", authorityFile: authorityFile)
    }
}
