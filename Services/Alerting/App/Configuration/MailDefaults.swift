import Outbound
import ServiceKit

/// How mail is sent, as `global` says with `smtp_…` and a receiver without.
struct MailDefaults {
    let host: String
    let from: String
    private let username: String
    private let password: Secret?
    private let authorityFile: String?
    /// Nil: as the port says.
    private let security: MailClient.Settings.Security?

    /// - Parameter defaults: nil: these are the defaults.
    init(_ item: SettingsReader, _ defaults: MailDefaults?, _ secrets: SecretReader) {
        let prefix = defaults == nil ? "smtp_" : ""
        func text(_ key: String, _ fallback: String) -> String {
            item.has(prefix + key) ? item.string(prefix + key) : fallback
        }
        host = text("smarthost", defaults?.host ?? "")
        from = text("from", defaults?.from ?? "")
        username = text("auth_username", defaults?.username ?? "")
        password = secrets.secret(item, prefix + "auth_password") ?? defaults?.password
        let own = item.optionalString(prefix + "ca_file")
        let standard = item.scoped(to: prefix + "tls_config").optionalString("ca_file")
        if own != nil, standard != nil { item.fault(prefix + "ca_file", "stands beside tls_config") }
        authorityFile = own ?? standard ?? defaults?.authorityFile
        if item.has(prefix + "require_tls"), !item.boolean(prefix + "require_tls") {
            item.fault(prefix + "require_tls", "mail is never sent without TLS")
        }
        security = Self.security(item, prefix) ?? defaults?.security
    }

    private static func security(_ item: SettingsReader, _ prefix: String) -> MailClient.Settings.Security? {
        if item.has(prefix + "force_implicit_tls") {
            if item.has(prefix + "security") { item.fault(prefix + "security", "stands beside force_implicit_tls") }
            return item.boolean(prefix + "force_implicit_tls") ? .implicitTLS : .startTLS
        }
        guard item.has(prefix + "security") else { return nil }
        return item.oneOf(prefix + "security", MailClient.Settings.Security.self)
    }

    func settings(_ item: SettingsReader) -> MailClient.Settings? {
        guard let colon = host.lastIndex(of: ":"), let port = Int(host[host.index(after: colon)...]),
            (1...65_535).contains(port), colon > host.startIndex
        else {
            item.fault("smarthost", "must be HOST:PORT, here or as smtp_smarthost under global")
            return nil
        }
        if !username.isEmpty, password == nil { item.fault("auth_password", "is missing beside auth_username") }
        return MailClient.Settings(
            host: String(host[..<colon]), port: port, security: security ?? (port == 465 ? .implicitTLS : .startTLS),
            username: username, password: password?.reveal() ?? "", authorityFile: authorityFile)
    }
}
