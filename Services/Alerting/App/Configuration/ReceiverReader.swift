import Outbound
import ServiceKit

/// Reads the receivers: webhooks, Slack, mail and Telegram.
struct ReceiverReader {
    private let slack: Secret?
    private let slackToken: Secret?
    private let mail: MailDefaults
    private let telegram: Secret?
    private let telegramAddress: String
    private let templates: TemplateReader
    private let secrets: SecretReader

    private static let slackAddress = "https://slack.com/api/chat.postMessage"
    private static let telegramAddress = "https://api.telegram.org"

    /// - Parameter global: the defaults of all receivers.
    init(global: SettingsReader, templates: TemplateReader, findings: ConfigurationReader.Findings) {
        self.templates = templates
        secrets = SecretReader(findings: findings)
        mail = MailDefaults(global, nil, secrets)
        slack = secrets.address(global, "slack_api_url")
        slackToken = secrets.secret(global, "slack_app_token")
        telegram = secrets.secret(global, "telegram_bot_token")
        telegramAddress = global.url("telegram_api_url", schemes: ["http", "https"], default: Self.telegramAddress)
    }

    /// - Returns: the names in the order of the file, and the destinations of each.
    func read(_ items: [SettingsReader]) -> ([String], [String: [AlertingConfiguration.Destination]]) {
        var names: [String] = []
        var all: [String: [AlertingConfiguration.Destination]] = [:]
        for item in items {
            let name = item.string("name")
            if all[name] != nil { item.fault("name", "two receivers have this name") } else { names.append(name) }
            all[name] = webhooks(item, name) + slacks(item, name) + emails(item, name) + telegrams(item, name)
        }
        return (names, all)
    }

    private func webhooks(_ receiver: SettingsReader, _ name: String) -> [AlertingConfiguration.Destination] {
        receiver.items("webhook_configs").enumerated().map { index, item in
            let url = secrets.address(item, "url") ?? missing(item, "url")
            let signing = secrets.secret(item, "signing_secret")
            return AlertingConfiguration.Destination(
                name: "\(name)/webhook/\(index)",
                channel: .webhook(
                    url: url, signingSecret: signing, authorization: authorization(item),
                    alertsMax: item.integer("max_alerts", in: 0...1_000_000, default: 0)),
                sendResolved: item.boolean("send_resolved", default: true))
        }
    }

    /// `http_config`: who we say that we are. Redirects are never followed.
    private func authorization(_ receiver: SettingsReader) -> Secret? {
        let item = receiver.scoped(to: "http_config")
        if item.boolean("follow_redirects", default: false) {
            item.fault("follow_redirects", "redirects are never followed: name the address itself")
        }
        let ways = ["authorization", "basic_auth", "bearer_token", "bearer_token_file"].filter { item.has($0) }
        if ways.count > 1 { item.fault(ways[1], "stands beside \(ways[0])") }
        if let token = secrets.secret(item, "bearer_token") { return Secret("Bearer \(token.reveal())") }
        if item.has("authorization") {
            let part = item.scoped(to: "authorization")
            let type = part.string("type", default: "Bearer")
            return Secret("\(type) \((secrets.secret(part, "credentials") ?? missing(part, "credentials")).reveal())")
        }
        guard item.has("basic_auth") else { return nil }
        let part = item.scoped(to: "basic_auth")
        let user = part.string("username")
        let password = secrets.secret(part, "password")?.reveal() ?? ""
        let encoded = Base64.encode("\(user):\(password)")
        return Secret("Basic \(encoded)")
    }

    private func slacks(_ receiver: SettingsReader, _ name: String) -> [AlertingConfiguration.Destination] {
        receiver.items("slack_configs").enumerated().map { index, item in
            let token = secrets.secret(item, "app_token")
            let own = secrets.address(item, "api_url")
            let channel: AlertingConfiguration.Destination.Channel
            if let token = token ?? (own == nil ? slackToken : nil) {
                channel = .slackBot(bot(item, token))
            } else {
                if item.has("channel") {
                    _ = item.string("channel")
                    item.warning("channel", "has no effect: an incoming webhook posts to the channel it was made for")
                }
                channel = .slack(url: own ?? slack ?? missing(item, "api_url"))
            }
            return AlertingConfiguration.Destination(
                name: "\(name)/slack/\(index)", channel: channel,
                sendResolved: item.boolean("send_resolved", default: false),
                wording: Wording(
                    subject: templates.template(item, "title"), text: templates.template(item, "text"), html: nil))
        }
    }

    private func bot(_ item: SettingsReader, _ token: Secret) -> SlackBotReceiver.Settings {
        let address = item.url("app_url", schemes: ["http", "https"], default: Self.slackAddress)
        let method = "chat.postMessage"
        return SlackBotReceiver.Settings(
            token: token, channel: item.string("channel"),
            address: address.hasSuffix(method) ? String(address.dropLast(method.count)) : address + "/",
            updatesMessage: item.boolean("update_message", default: false),
            repliesInThread: item.boolean("reply_in_thread", default: false))
    }

    private func emails(_ receiver: SettingsReader, _ name: String) -> [AlertingConfiguration.Destination] {
        receiver.items("email_configs").enumerated().compactMap { index, item in
            let mail = MailDefaults(item, mail, secrets)
            let to = item.string("to").split(separator: ",").compactMap { address($0.description, item, "to") }
            let (subject, headers) = headers(item)
            let wording = Wording(
                subject: subject, text: templates.template(item, "text"),
                html: templates.template(item, "html", kind: .html))
            guard let settings = mail.settings(item), let from = address(mail.from, item, "from") else { return nil }
            return AlertingConfiguration.Destination(
                name: "\(name)/email/\(index)", channel: .email(settings, from: from, to: to, headers: headers),
                sendResolved: item.boolean("send_resolved", default: false), wording: wording)
        }
    }

    /// `Subject` is a template; others stand as they are.
    private func headers(_ item: SettingsReader) -> (Wording.Template?, [(name: String, value: String)]) {
        var subject: Wording.Template?
        var headers: [(name: String, value: String)] = []
        for name in item.keys(of: "headers") {
            let key = "headers.\(name)"
            switch name.lowercased() {
            case "subject": subject = templates.template(item, key)
            case "from", "to": item.fault(key, "the keys \(name.lowercased()) beside headers say this")
            case "reply-to", "cc-to", "importance", "priority", "x-priority", "organization":
                headers.append((name, item.string(key)))
            default:
                if name.lowercased().hasPrefix("x-") {
                    headers.append((name, item.string(key)))
                } else {
                    item.fault(key, "only Subject, Reply-To, Importance, Priority, Organization and X-… can be set")
                }
            }
        }
        return (subject, headers)
    }

    private func telegrams(_ receiver: SettingsReader, _ name: String) -> [AlertingConfiguration.Destination] {
        receiver.items("telegram_configs").enumerated().map { index, item in
            let token = secrets.secret(item, "bot_token") ?? telegram ?? missing(item, "bot_token")
            if item.has("parse_mode"), !["HTML", ""].contains(item.string("parse_mode")) {
                item.fault("parse_mode", "only HTML is supported")
            }
            return AlertingConfiguration.Destination(
                name: "\(name)/telegram/\(index)",
                channel: .telegram(
                    TelegramReceiver.Settings(
                        token: token, chat: item.string("chat_id"),
                        topic: item.has("message_thread_id") ? item.integer("message_thread_id", in: 1...Int.max) : nil,
                        address: item.url("api_url", schemes: ["http", "https"], default: telegramAddress),
                        isSilent: item.boolean("disable_notifications", default: false))),
                sendResolved: item.boolean("send_resolved", default: true),
                wording: Wording(subject: nil, text: templates.template(item, "message"), html: nil))
        }
    }

    private func address(_ text: String, _ item: SettingsReader, _ key: String) -> MailAddress? {
        // Why it is none says no more than the fault does.
        if let address = try? MailAddress(text) { return address }
        item.fault(key, "not a mail address")
        return nil
    }

    private func missing(_ item: SettingsReader, _ key: String) -> Secret {
        item.fault(key, "is missing, and so is \(key)_file")
        return Secret("")
    }
}
