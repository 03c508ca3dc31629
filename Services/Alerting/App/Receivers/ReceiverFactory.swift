import Outbound
import ServiceKit

/// Makes receivers; those over HTTP share a client.
struct ReceiverFactory: Sendable {
    private let addresses: AddressPolicy
    let client: HTTPClient
    private let externalURL: String
    /// Where people find the page; nil: nowhere.
    private let page: String?

    init(_ settings: AlertingSettings) {
        addresses = settings.allowPrivateReceivers ? .anywhere : .publicOnly
        client = HTTPClient(HTTPClient.Settings(addresses: addresses, connectionsPerHost: 32))
        externalURL = settings.externalURL
        page = settings.pageKeys == nil || settings.externalURL.isEmpty ? nil : settings.externalURL
    }

    /// Where a configuration sends to.
    @Sendable
    func destinations(_ configuration: AlertingConfiguration) -> [Delivery.Destination] {
        configuration.destinations.map {
            Delivery.Destination(name: $0.name, channel: $0.channel.kind, receiver: make($0))
        }
    }

    func make(_ destination: AlertingConfiguration.Destination) -> any Receiver {
        var wording = destination.wording
        wording.page = page
        switch destination.channel {
        case .webhook(let url, let secret, let authorization, let alertsMax):
            return WebhookReceiver(
                url: url, signingSecret: secret, client: client, externalURL: externalURL, alertsMax: alertsMax,
                authorization: authorization)
        case .slack(let url): return SlackReceiver(url: url, client: client, wording: wording)
        case .slackBot(let settings): return SlackBotReceiver(settings: settings, client: client, wording: wording)
        case .email(var settings, let from, let to, let headers):
            settings.addresses = addresses
            return MailReceiver(client: MailClient(settings), from: from, to: to, wording: wording, headers: headers)
        case .telegram(let settings): return TelegramReceiver(settings, client: client, wording: wording)
        }
    }
}
