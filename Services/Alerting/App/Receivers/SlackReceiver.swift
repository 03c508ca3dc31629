import AlertingCore
import Foundation
import Outbound
import ServiceKit

/// Posts to a Slack incoming webhook. Such messages cannot be changed later: Slack does not say which they were.
struct SlackReceiver: Receiver {
    let url: Secret
    let client: HTTPClient
    var wording = Wording.plain

    func deliver(_ parcel: Parcel) async -> DeliveryAnswer {
        do {
            let body = try JSONEncoder().encode(SlackMessage(parcel.notice, wording: wording))
            let response = try await client.send(
                HTTPRequest(
                    .post, url.reveal(), headers: [("Content-Type", "application/json")], body: Array(body),
                    timeout: .seconds(15), responseLimit: 1 << 16))
            // A proxy's friendly page is not Slack.
            if response.status == 200, !Self.isTaken(response.text) {
                return .refused("HTTP 200, but the body is not ok")
            }
            return DeliveryAnswer(response)
        } catch let error as HTTPClientError {
            return DeliveryAnswer(error)
        } catch {
            return .refused("the message cannot be written")
        }
    }

    private static func isTaken(_ body: String) -> Bool { body == "ok" || body.contains("\"ok\":true") }
}
