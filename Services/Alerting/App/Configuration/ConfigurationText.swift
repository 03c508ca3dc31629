import Yams

/// The configuration as the API shows it: without secrets, and in the words of Alertmanager's own file, so that `amtool`
/// reads it. What only this service has is left out.
struct ConfigurationText {
    let shown: String

    /// - Parameter text: YAML that was read before.
    init(_ text: String) {
        // It was read a moment ago, so it can be read and written again; if not, nothing is better than a secret.
        guard let root = try? Yams.compose(yaml: text), let shown = try? Yams.serialize(node: Self.masked(root, []))
        else {
            self.shown = ""
            return
        }
        self.shown = shown
    }

    private static let secrets: Set<String> = [
        "smtp_auth_password", "smtp_auth_secret", "slack_api_url", "slack_app_token", "telegram_bot_token", "api_url",
        "auth_password", "app_token", "bot_token", "password", "credentials", "bearer_token",
    ]
    /// A key that names a file, of which Alertmanager's tools do not all know: shown as the secret in it.
    private static let files = [
        "bot_token_file": "bot_token", "url_file": "url", "app_token_file": "app_token",
        "auth_password_file": "auth_password", "smtp_auth_password_file": "smtp_auth_password",
    ]
    /// Keys that only this service has, or only newer tools know.
    private static let own: Set<String> = [
        "signing_secret", "signing_secret_file", "smtp_ca_file", "ca_file", "smtp_security", "security",
        "smtp_tls_config", "smtp_force_implicit_tls", "force_implicit_tls", "slack_app_token", "slack_app_token_file",
        "app_token", "app_token_file", "app_url", "update_message", "reply_in_thread", "telegram_bot_token",
        "telegram_bot_token_file", "message_thread_id", "plimsoll",
    ]

    private static func masked(_ node: Node, _ path: [String]) -> Node {
        switch node {
        case .mapping(let mapping):
            var pairs: [(Node, Node)] = []
            for (key, value) in mapping {
                let name = key.string ?? ""
                if own.contains(name) { continue }
                let meant = files[name] ?? name
                pairs.append((Node(meant), self.value(value, meant, path, isFile: meant != name)))
            }
            return Node(pairs)
        case .sequence(let sequence): return Node(sequence.map { masked($0, path) })
        case .scalar, .alias: return node
        }
    }

    private static func value(_ value: Node, _ name: String, _ path: [String], isFile: Bool) -> Node {
        if name == "url", path.last == "webhook_configs" {
            return Node(isFile ? "http://localhost/<secret>" : hostOnly(value.string ?? ""))
        }
        // Telegram's address is no secret.
        if secrets.contains(name), !(name == "api_url" && path.last == "telegram_configs") {
            return Node("<secret>")
        }
        return masked(value, path + [name])
    }

    /// Where a webhook is may be known; its path often holds a token.
    private static func hostOnly(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "http://localhost/<secret>" }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@").last ?? ""
        let isBare = authority.count == host.count && ["", "/"].contains(rest.dropFirst(authority.count))
        return "\(url[..<scheme.upperBound])\(host)/" + (isBare ? "" : "<secret>")
    }
}
