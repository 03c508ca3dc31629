package import Contracts
package import Domain
import Foundation

/// An event as it is read back from the `events` table.
package struct StoredEvent: Sendable {
    package let position: EventPosition
    package let id: String
    package let type: String
    package let version: Int
    package let source: String
    package let key: String
    package let keySequence: Int64
    package let correlation: String
    package let causation: String
    package let channel: String
    package let at: Timestamp
    /// The message as JSON; nil for a type the reader does not want.
    let body: String?

    /// The message in its envelope.
    ///
    /// - Throws: `MessageCodec.Failure` when it is another message or not of this shape.
    package func envelope<Body: Message>(of _: Body.Type = Body.self) throws -> Envelope<Body> {
        guard type == Body.type, version == Body.version else {
            throw MessageCodec.Failure.unexpected(type: type, version: version)
        }
        let data: Body
        do {
            data = try JSONDecoder().decode(Body.self, from: Data((body ?? "").utf8))
        } catch {
            throw MessageCodec.Failure.malformed(String(describing: error))
        }
        return Envelope(
            id: id, source: source, at: at, correlation: correlation, causation: causation, key: key,
            sequence: keySequence, data: data)
    }

    init(_ row: Row) throws(StoreError) {
        position = EventPosition(xid: try row.text("xid_text"), seq: try row.int64("seq"))
        id = try row.text("id")
        type = try row.text("type")
        version = try row.int("version")
        source = try row.text("source")
        key = try row.text("key")
        keySequence = try row.int64("key_sequence")
        correlation = try row.text("correlation")
        causation = try row.text("causation")
        channel = try row.text("channel")
        at = try row.wallTime("at")
        body = try row.optional("body")
    }
}

/// Where in the `events` table a reader is: behind the event with this transaction id and number.
package struct EventPosition: Sendable, Hashable {
    /// A 64-bit transaction id, as text.
    package let xid: String
    package let seq: Int64
}
