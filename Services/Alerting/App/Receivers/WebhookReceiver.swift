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
    private let alertsMax: Int
    private let authorization: Secret?

    /// - Parameters:
    ///   - signingSecret: `whsec_` and base64, or any text.
    ///   - alertsMax: most alerts in one post; 0 is as many as there are.
    ///   - authorization: the value of the header of that name.
    init(
        url: Secret, signingSecret: Secret?, client: HTTPClient, externalURL: String, alertsMax: Int = 0,
        authorization: Secret? = nil
    ) {
        self.url = url
        self.client = client
        self.externalURL = externalURL
        self.alertsMax = alertsMax
        self.authorization = authorization
        key = signingSecret.map { secret in
            let text = secret.reveal()
            let encoded = text.hasPrefix("whsec_") ? String(text.dropFirst(6)) : text
            return SymmetricKey(data: Data(base64Encoded: encoded) ?? Data(text.utf8))
        }
    }

    func deliver(_ parcel: Parcel) async -> DeliveryAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let payload = WebhookPayload(
                parcel.notice, externalURL: externalURL, alertsMax: alertsMax, repeated: parcel.repeated)
            let body = Array(try encoder.encode(payload))
            let response = try await client.send(
                HTTPRequest(
                    .post, url.reveal(), headers: headers(parcel, body), body: body, timeout: .seconds(15),
                    responseLimit: 1 << 16))
            return DeliveryAnswer(response)
        } catch let error as HTTPClientError {
            return DeliveryAnswer(error)
        } catch {
            return .refused("the payload cannot be written")
        }
    }

    /// As Standard Webhooks says: the id stays the same over tries, the time is that of the try.
    private func headers(_ parcel: Parcel, _ body: [UInt8]) -> [(name: String, value: String)] {
        let id = parcel.id
        let seconds = String(parcel.now.nanoseconds / 1_000_000_000)
        var headers = [
            (name: "Content-Type", value: "application/json"), (name: "webhook-id", value: id),
            (name: "webhook-timestamp", value: seconds),
        ]
        if let authorization { headers.append((name: "Authorization", value: authorization.reveal())) }
        if let key {
            let signed = Data("\(id).\(seconds).".utf8) + body
            let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: key)).base64EncodedString()
            headers.append((name: "webhook-signature", value: "v1,\(code)"))
        }
        return headers
    }
}
