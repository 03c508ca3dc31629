import AlertingCore
import Crypto
import Domain
import Foundation
import Outbound
import ServiceKit

/// Posts Alertmanager's payload, signed as Standard Webhooks says when there is a secret.
struct WebhookReceiver: Receiver {
    private let url: Secret
    private let key: SymmetricKey?
    private let client: HTTPClient
    private let externalURL: String

    /// - Parameter signingSecret: `whsec_` and base64, or any text.
    init(url: Secret, signingSecret: Secret?, client: HTTPClient, externalURL: String) {
        self.url = url
        self.client = client
        self.externalURL = externalURL
        key = signingSecret.map { secret in
            let text = secret.reveal()
            let encoded = text.hasPrefix("whsec_") ? String(text.dropFirst(6)) : text
            return SymmetricKey(data: Data(base64Encoded: encoded) ?? Data(text.utf8))
        }
    }

    func deliver(_ notice: Notice, now: Timestamp) async -> DeliveryAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(WebhookPayload(notice, externalURL: externalURL)) else {
            return .refused("the payload cannot be written")
        }
        var headers = [(name: "Content-Type", value: "application/json"), (name: "webhook-id", value: notice.id)]
        let seconds = String(now.nanoseconds / 1_000_000_000)
        headers.append((name: "webhook-timestamp", value: seconds))
        if let key {
            let signed = Data("\(notice.id).\(seconds).".utf8) + body
            let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: key)).base64EncodedString()
            headers.append((name: "webhook-signature", value: "v1,\(code)"))
        }
        do throws(HTTPClientError) {
            return DeliveryAnswer(
                try await client.send(
                    HTTPRequest(
                        .post, url.reveal(), headers: headers, body: Array(body), timeout: .seconds(15),
                        responseLimit: 1 << 16)))
        } catch {
            return DeliveryAnswer(error)
        }
    }
}
