import AlertingCore
import Domain
import Foundation
import Outbound
import ServiceKit

/// Posts to a Slack incoming webhook: a text for the notification, blocks in a coloured attachment.
struct SlackReceiver: Receiver {
    private struct Message: Encodable {
        struct Text: Encodable {
            let type: String
            let text: String
        }
        struct Block: Encodable {
            let type: String
            let text: Text
        }
        struct Attachment: Encodable {
            let color: String
            let blocks: [Block]
        }

        let text: String
        let attachments: [Attachment]
    }

    /// Slack takes 3000 characters in a section and 150 in a header.
    private static let sectionMax = 2900
    private static let headerMax = 150

    let url: Secret
    let client: HTTPClient

    func deliver(_ notice: Notice, now: Timestamp) async -> DeliveryAnswer {
        guard let body = try? JSONEncoder().encode(message(notice)) else {
            return .refused("the message cannot be written")
        }
        do throws(HTTPClientError) {
            let response = try await client.send(
                HTTPRequest(
                    .post, url.reveal(), headers: [("Content-Type", "application/json")], body: Array(body),
                    timeout: .seconds(15), responseLimit: 1 << 16))
            // A proxy's friendly page is not Slack.
            if response.status == 200, response.text != "ok" { return .refused("HTTP 200, but the body is not ok") }
            return DeliveryAnswer(response)
        } catch {
            return DeliveryAnswer(error)
        }
    }

    private func message(_ notice: Notice) -> Message {
        let words = NoticeText(notice)
        let color = notice.isFiring ? (notice.commonLabels["severity"] == "warning" ? "warning" : "danger") : "good"
        let body = NoticeText.escape(String(words.text.prefix(Self.sectionMax / 2)))
        let blocks = [
            Message.Block(
                type: "header", text: .init(type: "plain_text", text: String(words.subject.prefix(Self.headerMax)))),
            Message.Block(type: "section", text: .init(type: "mrkdwn", text: String(body.prefix(Self.sectionMax)))),
        ]
        return Message(
            text: NoticeText.escape(words.subject), attachments: [.init(color: color, blocks: blocks)])
    }
}
