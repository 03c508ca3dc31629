import AlertingCore
import Domain
import Outbound
import ServiceKit

/// Reads a subset of Alertmanager's configuration file. What is not supported is refused by its name and line.
///
/// Secrets are never in the file: a key that ends in `_file` names the file that holds one. That is why `api_url`,
/// `smtp_auth_password` and their like are refused.
struct ConfigurationReader {
    private let reader: SettingsReader
    private let text: String

    /// - Parameter environment: its variables that begin with `ALERTING_GLOBAL_` override keys under `global`.
    /// - Throws: `SettingsError` when the text is not YAML.
    init(_ text: String, file: String, environment: [String: String] = [:]) throws(SettingsError) {
        let own = environment.filter { $0.key.hasPrefix("ALERTING_GLOBAL_") }
        let overrides = Dictionary(
            uniqueKeysWithValues: own.map {
                ("PLIMSOLL_GLOBAL_\($0.key.dropFirst("ALERTING_GLOBAL_".count))", $0.value)
            })
        reader = try Settings(yaml: text, file: file, environment: overrides).reader
        self.text = text
    }

    /// - Throws: `ConfigurationError` with everything that is wrong.
    func read() throws(ConfigurationError) -> AlertingConfiguration {
        let global = reader.scoped(to: "global")
        let timeout = global.duration("resolve_timeout", in: .seconds(1)...(.seconds(86_400)), default: .seconds(300))
        let defaults = MailDefaults(global, nil)
        let slack = global.optionalSecret("slack_api_url_file")
        var destinations: [String: [AlertingConfiguration.Destination]] = [:]
        for item in reader.items("receivers") {
            let name = item.string("name")
            if destinations[name] != nil { item.fault("name", "two receivers have this name") }
            destinations[name] =
                webhooks(item, name) + slacks(item, name, slack) + emails(item, name, defaults)
        }
        let route = route(
            reader.scoped(to: "route"), under: nil, receivers: Set(destinations.keys))
        do {
            let doubtful = try reader.finish()
            guard doubtful.isEmpty else { throw ConfigurationError(faults: doubtful.map(Self.refusal)) }
        } catch let error as SettingsError {
            throw ConfigurationError(faults: error.faults.map(\.description))
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(faults: ["\(error)"])
        }
        let book = AlertBook.Settings(
            route: route,
            destinations: destinations.mapValues { $0.map { .init(name: $0.name, sendResolved: $0.sendResolved) } },
            resolveTimeout: timeout.span)
        let all = destinations.sorted { $0.key < $1.key }.flatMap(\.value)
        return AlertingConfiguration(book: book, destinations: all, original: text)
    }

    private static func refusal(_ fault: SettingsFault) -> String { "\(fault) (not supported)" }

    // MARK: - Routes

    private func route(_ item: SettingsReader, under parent: Route?, receivers: Set<String>) -> Route {
        let receiver = item.string("receiver", default: parent?.receiver)
        if !receivers.contains(receiver) { item.fault("receiver", "no receiver has this name") }
        var route = Route(receiver: receiver)
        route.groupBy = parent?.groupBy ?? []
        if item.has("group_by") {
            let names = item.strings("group_by")
            route.groupBy = names == ["..."] ? nil : names
        }
        let limits = Duration.milliseconds(1)...(.seconds(30 * 86_400))
        route.groupWait =
            item.duration(
                "group_wait", in: .zero...limits.upperBound, default: parent?.groupWait.duration ?? .seconds(30)
            )
            .span
        route.groupInterval =
            item.duration("group_interval", in: limits, default: parent?.groupInterval.duration ?? .seconds(300)).span
        route.repeatInterval =
            item.duration("repeat_interval", in: limits, default: parent?.repeatInterval.duration ?? .seconds(14_400))
            .span
        if parent == nil {
            if item.has("matchers") { item.fault("matchers", "the first route takes every alert") }
        } else {
            route.matchers = matchers(item)
            route.goesOn = item.boolean("continue", default: false)
        }
        route.routes = item.items("routes").map { self.route($0, under: route, receivers: receivers) }
        return route
    }

    private func matchers(_ item: SettingsReader) -> [Matcher] {
        item.strings("matchers", default: []).compactMap { text in
            do throws(Matcher.Failure) {
                return try Matcher(text)
            } catch {
                item.fault("matchers", "\(text): \(error)")
                return nil
            }
        }
    }

    // MARK: - Receivers

    private func webhooks(_ receiver: SettingsReader, _ name: String) -> [AlertingConfiguration.Destination] {
        receiver.items("webhook_configs").enumerated().map { index, item in
            let url: Secret =
                item.has("url_file") ? item.secret("url_file") : Secret(item.url("url", schemes: ["http", "https"]))
            return AlertingConfiguration.Destination(
                name: "\(name)/webhook/\(index)",
                channel: .webhook(url: url, signingSecret: item.optionalSecret("signing_secret_file")),
                sendResolved: item.boolean("send_resolved", default: true))
        }
    }

    private func slacks(
        _ receiver: SettingsReader, _ name: String, _ fallback: Secret?
    ) -> [AlertingConfiguration.Destination] {
        receiver.items("slack_configs").enumerated().map { index, item in
            let url = item.has("api_url_file") ? item.secret("api_url_file") : fallback ?? item.secret("api_url_file")
            return AlertingConfiguration.Destination(
                name: "\(name)/slack/\(index)", channel: .slack(url: url),
                sendResolved: item.boolean("send_resolved", default: false))
        }
    }

    private func emails(
        _ receiver: SettingsReader, _ name: String, _ defaults: MailDefaults
    ) -> [AlertingConfiguration.Destination] {
        receiver.items("email_configs").enumerated().compactMap { index, item in
            let mail = MailDefaults(item, defaults)
            let to = item.string("to").split(separator: ",").compactMap { address($0.description, item, "to") }
            guard let settings = mail.settings(item), let from = address(mail.from, item, "from") else { return nil }
            return AlertingConfiguration.Destination(
                name: "\(name)/email/\(index)", channel: .email(settings, from: from, to: to),
                sendResolved: item.boolean("send_resolved", default: false))
        }
    }

    private func address(_ text: String, _ item: SettingsReader, _ key: String) -> MailAddress? {
        if let address = try? MailAddress(text) { return address }
        item.fault(key, "not a mail address")
        return nil
    }
}

extension Timestamp.Span {
    var duration: Duration { .nanoseconds(nanoseconds) }
    /// For metrics.
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
