import AlertingCore
import Domain

/// One notice on its way to a destination.
struct Parcel: Sendable {
    let notice: Notice
    /// What the receiver knows it by, the same over all tries.
    let id: String
    let now: Timestamp
    /// Where the same incident was told before at this destination; nil at its first message.
    var thread: MessageThread?
    /// It may have arrived before: the program died between the sending and the note of it.
    var repeated = false
}

/// A message that can be answered or changed later, as the provider names it.
struct MessageThread: Codable, Hashable, Sendable {
    /// Slack's channel id, Telegram's chat id.
    let place: String
    /// Slack's `ts`, Telegram's `message_id`.
    let message: String
}
