public import Domain

/// The body of something one service tells another. A published name and version never change meaning.
public protocol Message: Codable, Sendable, Equatable {
    /// A literal such as `order.approved`, never derived from the type's name.
    static var type: String { get }
    static var version: Int { get }
    /// The bytes of a message that has an encoder of its own; they equal the general encoder's. Nil by default.
    static func encodeDirectly(_ envelope: Envelope<Self>) -> [UInt8]?
    /// The message, when its own reader understands the bytes; nil means that the general decoder has to look.
    static func decodeDirectly(_ bytes: [UInt8]) -> Envelope<Self>?
}

extension Message {
    public static func encodeDirectly(_ envelope: Envelope<Self>) -> [UInt8]? { nil }
    public static func decodeDirectly(_ bytes: [UInt8]) -> Envelope<Self>? { nil }
}

/// What is around every message on the bus and in the `events` table.
public struct Envelope<Body: Message>: Codable, Sendable, Equatable {
    /// Derived from the cause where there is one, so that a repeat is recognised.
    public let id: String
    public let type: String
    public let version: Int
    /// The service that says it.
    public let source: String
    /// Wall time at the sender.
    public let at: Timestamp
    /// The signal, alert or job everything here goes back to.
    public let correlation: String
    /// The id of the event that caused this one; empty at the start of a chain.
    public let causation: String
    /// What the order of events matters for: an account, a symbol.
    public let key: String
    /// Counts up by one per key; 0 where no order is kept.
    public let sequence: Int64
    public let data: Body

    public init(
        id: String, source: String, at: Timestamp, correlation: String, causation: String = "", key: String,
        sequence: Int64 = 0, data: Body
    ) {
        self.id = id
        self.type = Body.type
        self.version = Body.version
        self.source = source
        self.at = at
        self.correlation = correlation
        self.causation = causation
        self.key = key
        self.sequence = sequence
        self.data = data
    }
}
