import AlertingCore
import Foundation
import Outbound
import ServiceKit
import Synchronization

/// Sends to a Telegram chat as a bot; the news of an incident answer its first message.
final class TelegramReceiver: Receiver {
    struct Settings: Sendable {
        var token: Secret
        /// A number, or `@name` of a public channel.
        var chat: String
        /// A topic of the chat.
        var topic: Int?
        /// `https://api.telegram.org`, or a stand-in's.
        var address: String
        var isSilent: Bool
    }

    private struct Call: Encodable {
        struct Reply: Encodable {
            let message_id: Int
            /// The first message may have been deleted; the news matter more than their place.
            let allow_sending_without_reply = true
        }
        struct Preview: Encodable { let is_disabled = true }

        let chat_id: String
        let text: String
        let parse_mode: String?
        let message_thread_id: Int?
        let disable_notification: Bool
        let link_preview_options = Preview()
        let reply_parameters: Reply?
    }

    private struct Answer: Decodable {
        struct Message: Decodable { let message_id: Int }
        struct Parameters: Decodable {
            let retry_after: Int?
            let migrate_to_chat_id: Int64?
        }

        let ok: Bool
        let result: Message?
        let error_code: Int?
        let description: String?
        let parameters: Parameters?
    }

    private let settings: Settings
    private let client: HTTPClient
    private let wording: Wording
    /// A group that became a supergroup has another id.
    private let movedTo = Mutex<String?>(nil)

    init(_ settings: Settings, client: HTTPClient, wording: Wording = .plain) {
        self.settings = settings
        self.client = client
        self.wording = wording
    }

    func deliver(_ parcel: Parcel) async -> DeliveryAnswer {
        let text = TelegramText(parcel.notice, wording: wording)
        var asHTML = true
        // At most: the chat moved, then the HTML was not understood.
        for _ in 0..<3 {
            let chat = movedTo.withLock { $0 } ?? settings.chat
            let reply = parcel.thread.flatMap { $0.place == chat ? Int($0.message) : nil }
            let call = Call(
                chat_id: chat, text: asHTML ? text.html : text.plain, parse_mode: asHTML ? "HTML" : nil,
                message_thread_id: settings.topic, disable_notification: settings.isSilent,
                reply_parameters: reply.map { Call.Reply(message_id: $0) })
            switch await send(call) {
            case .failure(let answer): return answer.answer
            case .success(let answer):
                if answer.ok, let message = answer.result {
                    // Replies go to the first message, so that they stay together.
                    let thread =
                        reply == nil ? MessageThread(place: chat, message: "\(message.message_id)") : parcel.thread
                    return .delivered("message \(message.message_id)", thread: thread)
                }
                if let moved = answer.parameters?.migrate_to_chat_id {
                    movedTo.withLock { $0 = "\(moved)" }
                } else if asHTML, answer.description?.contains("can't parse entities") == true {
                    asHTML = false
                } else {
                    return Self.refusal(answer)
                }
            }
        }
        return .retry("the chat moves about", after: nil)
    }

    private struct Unsent: Error { let answer: DeliveryAnswer }

    private func send(_ call: Call) async -> Result<Answer, Unsent> {
        do {
            let response = try await client.send(
                HTTPRequest(
                    .post, "\(settings.address)/bot\(settings.token.reveal())/sendMessage",
                    headers: [("Content-Type", "application/json")], body: Array(try JSONEncoder().encode(call)),
                    timeout: .seconds(15), responseLimit: 1 << 16))
            if let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)) {
                return .success(answer)
            }
            // No answer of Telegram's: a proxy's page, judged by its status; a 200 is no delivery.
            let judged = DeliveryAnswer(response)
            if case .delivered = judged {
                return .failure(Unsent(answer: .refused("HTTP 200, but not Telegram's answer")))
            }
            return .failure(Unsent(answer: judged))
        } catch let error as HTTPClientError {
            return .failure(Unsent(answer: DeliveryAnswer(error)))
        } catch {
            return .failure(Unsent(answer: .refused("the message cannot be written")))
        }
    }

    /// 429 names its pause in the body; what is Telegram's own fault is tried again; the rest never is.
    private static func refusal(_ answer: Answer) -> DeliveryAnswer {
        let code = answer.error_code ?? 0
        let text = "Telegram \(code): \(String((answer.description ?? "").prefix(120)))"
        switch code {
        case 429: return .retry(text, after: answer.parameters?.retry_after.map { .seconds(min(max($0, 0), 3600)) })
        case 500...: return .retry(text, after: nil)
        default: return .refused(text)
        }
    }
}
