/// An event that was written with its effect and is to be published once that is committed.
package struct PendingEvent: Sendable, Equatable {
    package let id: String
    package let type: String
    /// The Redis channel's name.
    package let channel: String
    /// The whole envelope as `MessageCodec` writes it.
    package let bytes: [UInt8]
}
