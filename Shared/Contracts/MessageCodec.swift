import Foundation

/// Messages as JSON with sorted keys, so that the same message is the same bytes.
public enum MessageCodec {
    /// Largest message that is read; a bigger one is refused before it is parsed.
    public static let maximumBytes = 1 << 20

    /// Why bytes are not the message they should be.
    public enum Failure: Error, Equatable, Sendable {
        case tooLarge(Int)
        /// Not JSON, or not of this shape.
        case malformed(String)
        /// Another message, or another version of it.
        case unexpected(type: String, version: Int)
    }

    /// The message as bytes; by hand where it has an encoder of its own.
    public static func encode<Body>(_ envelope: Envelope<Body>) throws -> [UInt8] {
        if let bytes = Body.encodeDirectly(envelope) { return bytes }
        return try encodeGenerally(envelope)
    }

    /// By Foundation, whatever the message.
    static func encodeGenerally<Body>(_ envelope: Envelope<Body>) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(envelope))
    }

    /// The message in `bytes`, which may come from anywhere.
    ///
    /// - Throws: `Failure`; nothing of the bytes is believed before they were read whole.
    public static func decode<Body>(_ bytes: [UInt8], as body: Body.Type = Body.self) throws(Failure) -> Envelope<Body>
    {
        guard bytes.count <= maximumBytes else { throw .tooLarge(bytes.count) }
        if let envelope = Body.decodeDirectly(bytes) { return envelope }
        return try decodeGenerally(bytes)
    }

    /// By Foundation, whatever the message.
    static func decodeGenerally<Body>(_ bytes: [UInt8]) throws(Failure) -> Envelope<Body> {
        let envelope: Envelope<Body>
        do {
            envelope = try JSONDecoder().decode(Envelope<Body>.self, from: Data(bytes))
        } catch {
            throw .malformed(String(describing: error))
        }
        guard envelope.type == Body.type, envelope.version == Body.version else {
            throw .unexpected(type: envelope.type, version: envelope.version)
        }
        return envelope
    }
}
