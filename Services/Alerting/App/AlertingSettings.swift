import Foundation
import ServiceKit

/// The settings of this service.
///
/// - `alerting.config_file` (text, required): routes and receivers, in Alertmanager's form.
/// - `alerting.spool_folder` (text, default `var/alerting`): where alerts are kept while Postgres is away.
/// - `alerting.external_url` (text, default empty): where people reach this service, for links.
/// - `alerting.allow_private_receivers` (true or false, default false): receivers may be inside one's own network.
/// - `alerting.page_keys_file` (path, default none): who may use the page, a name and a key a line; without it there is none.
/// - `alerting.prometheus_url` (address, default none): asked how often another threshold would have fired.
/// - `alerting.heartbeat_url_file` (path, default none): an address that is called again and again as long as people can be told.
/// - `alerting.heartbeat_every` (10 s to 1 h, default 1m): how often.
/// - `alerting.channels.KIND.per_minute`, `.burst` (1 to 100000), `.expires_after` (10 s to 7 d, default 6h), `.storm_limit`
///   (0 to 100000; 0: never) for `slack`, `telegram`, `email` and `webhook`: see `ChannelPolicy`.
/// - `alerting.events_expire_after` (10 s to 7 d, default 1h): an occurrence that is older is not told any more.
/// - `alerting.keep_alerts` (1 d to 10 years, default 30d): how long an alert that has ended stays in the books.
/// - `alerting.keep_notifications` (7 d to 10 years, default 365d): how long notifications and their log stay.
struct AlertingSettings {
    let configurationFile: String
    let spoolFolder: URL
    let externalURL: String
    let allowPrivateReceivers: Bool
    /// Nil: there is no page.
    let pageKeys: PageKeys?
    /// Nil: there is none to ask.
    let prometheusURL: String?
    /// Nil: nobody is called.
    let outgoing: OutgoingHeartbeat.Settings?
    let policies: DeliveryPolicies
    let retention: Retention
    /// Nil: the file is faulty, and the reader of the settings knows why.
    let configuration: AlertingConfiguration?

    init(_ reader: SettingsReader) {
        spoolFolder = URL(filePath: reader.string("alerting.spool_folder", default: "var/alerting"))
        externalURL = reader.optionalString("alerting.external_url") ?? ""
        allowPrivateReceivers = reader.boolean("alerting.allow_private_receivers", default: false)
        pageKeys = Self.pageKeys(reader)
        prometheusURL =
            reader.has("alerting.prometheus_url")
            ? reader.url("alerting.prometheus_url", schemes: ["http", "https"]) : nil
        outgoing = Self.outgoing(reader)
        policies = Self.policies(reader)
        let years = Duration.seconds(3650 * 86_400)
        retention = Retention(
            alerts: reader.duration(
                "alerting.keep_alerts", in: .seconds(86_400)...years, default: .seconds(30 * 86_400)),
            notifications: reader.duration(
                "alerting.keep_notifications", in: .seconds(7 * 86_400)...years, default: .seconds(365 * 86_400)))
        configurationFile = reader.string("alerting.config_file")
        do throws(ConfigurationError) {
            configuration = try ConfigurationReader.load(configurationFile, externalURL: externalURL)
        } catch {
            for fault in error.faults { reader.fault("alerting.config_file", fault) }
            configuration = nil
        }
    }

    private static func pageKeys(_ reader: SettingsReader) -> PageKeys? {
        // An empty one was found fault with already, or is not to be opened.
        guard let secret = reader.optionalSecret("alerting.page_keys_file"), !secret.reveal().isEmpty else {
            return nil
        }
        do throws(PageKeys.Failure) { return try PageKeys(secret.reveal()) } catch {
            reader.fault("alerting.page_keys_file", error.description)
            return nil
        }
    }

    private static func outgoing(_ reader: SettingsReader) -> OutgoingHeartbeat.Settings? {
        let every = reader.duration(
            "alerting.heartbeat_every", in: .seconds(10)...(.seconds(3600)), default: .seconds(60))
        guard let url = reader.optionalSecret("alerting.heartbeat_url_file"), !url.reveal().isEmpty else { return nil }
        return OutgoingHeartbeat.Settings(url: url, every: every)
    }

    private static func policies(_ reader: SettingsReader) -> DeliveryPolicies {
        let expiry = Duration.seconds(10)...Duration.seconds(7 * 86_400)
        var policies = DeliveryPolicies()
        for kind in ["slack", "telegram", "email", "webhook"] {
            let standard = ChannelPolicy.standard(kind)
            policies.byChannel[kind] = ChannelPolicy(
                perMinute: reader.integer(
                    "alerting.channels.\(kind).per_minute", in: 1...100_000, default: standard.perMinute),
                burst: reader.integer("alerting.channels.\(kind).burst", in: 1...100_000, default: standard.burst),
                expiresAfter: reader.duration(
                    "alerting.channels.\(kind).expires_after", in: expiry, default: .seconds(6 * 3600)
                ).span,
                stormLimit: reader.integer(
                    "alerting.channels.\(kind).storm_limit", in: 0...100_000, default: standard.stormLimit))
        }
        policies.eventsExpireAfter =
            reader.duration("alerting.events_expire_after", in: expiry, default: .seconds(3600)).span
        return policies
    }
}
