import AlertingCore
import Foundation
import Outbound
import ServiceKit

/// Posts to a Slack channel with a bot's token: one message an incident, kept up to date, its news in the thread.
struct SlackBotReceiver: Receiver {
    struct Settings: Sendable {
        var token: Secret
        /// `#alerts` or a channel's id.
        var channel: String
        /// `https://slack.com/api/`, or a stand-in's.
        var address: String
        /// The first message shows how things are now.
        var updatesMessage: Bool
        /// News of an incident go to its thread; else each is a message of its own.
        var repliesInThread: Bool
    }

    private struct Call: Encodable {
        let channel: String
        let message: SlackMessage
        var ts: String?
        var thread_ts: String?

        private enum CodingKeys: String, CodingKey { case channel, ts, thread_ts }

        func encode(to encoder: any Encoder) throws {
            try message.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(channel, forKey: .channel)
            try container.encodeIfPresent(ts, forKey: .ts)
            try container.encodeIfPresent(thread_ts, forKey: .thread_ts)
        }
    }

    private struct Answer: Decodable {
        let ok: Bool
        let error: String?
        let channel: String?
        let ts: String?
    }

    private enum Outcome {
        case taken(MessageThread?)
        /// The message that was to be changed or answered is gone.
        case lost
        case other(DeliveryAnswer)
    }

    /// What Slack says when a later try may succeed.
    private static let passing: Set<String> = [
        "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
        "team_added_to_org",
    ]
    /// What Slack says of a message that can no longer be changed or answered.
    private static let gone: Set<String> = [
        "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "message_too_old",
    ]

    let settings: Settings
    let client: HTTPClient
    var wording = Wording.plain

    func deliver(_ parcel: Parcel) async -> DeliveryAnswer {
        let message = SlackMessage(parcel.notice, wording: wording)
        guard let thread = parcel.thread, settings.updatesMessage || settings.repliesInThread else {
            return await first(message)
        }
        if settings.updatesMessage {
            // Changing it twice has one effect, so this comes before the reply.
            switch await call("chat.update", Call(channel: thread.place, message: message, ts: thread.message)) {
            case .taken where !settings.repliesInThread: return .delivered("updated", thread: thread)
            case .taken: break
            case .lost: return await first(message)
            case .other(let answer): return answer
            }
        }
        switch await call("chat.postMessage", Call(channel: thread.place, message: message, thread_ts: thread.message))
        {
        case .taken: return .delivered("replied in the thread", thread: thread)
        case .lost: return await first(message)
        case .other(let answer): return answer
        }
    }

    private func first(_ message: SlackMessage) async -> DeliveryAnswer {
        switch await call("chat.postMessage", Call(channel: settings.channel, message: message)) {
        case .taken(let thread): .delivered("posted", thread: thread)
        case .lost: .refused("Slack says that the message does not exist")
        case .other(let answer): answer
        }
    }

    private func call(_ method: String, _ call: Call) async -> Outcome {
        do {
            let response = try await client.send(
                HTTPRequest(
                    .post, settings.address + method,
                    headers: [
                        ("Content-Type", "application/json; charset=utf-8"),
                        ("Authorization", "Bearer \(settings.token.reveal())"),
                    ], body: Array(try JSONEncoder().encode(call)), timeout: .seconds(15), responseLimit: 1 << 16))
            guard response.status == 200 else { return .other(DeliveryAnswer(response)) }
            return Self.outcome(try JSONDecoder().decode(Answer.self, from: Data(response.body)), response)
        } catch let error as HTTPClientError {
            return .other(DeliveryAnswer(error))
        } catch {
            return .other(.refused("HTTP 200, but not Slack's answer"))
        }
    }

    private static func outcome(_ answer: Answer, _ response: HTTPResponse) -> Outcome {
        guard !answer.ok else {
            let thread = answer.channel.flatMap { place in
                answer.ts.map { MessageThread(place: place, message: $0) }
            }
            return .taken(thread)
        }
        // Slack's error is a word of its own making; anything else is not repeated.
        let word = String((answer.error ?? "unknown").prefix(60).filter { $0.isASCII && ($0.isLetter || $0 == "_") })
        if gone.contains(word) { return .lost }
        if passing.contains(word) { return .other(.retry(word, after: DeliveryAnswer.retryAfter(response))) }
        return .other(.refused(word))
    }
}
