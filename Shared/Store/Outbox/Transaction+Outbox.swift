package import Contracts
import Foundation

extension Transaction {
    /// Writes an event into `events` with the next sequence number of its key, and rings it after the commit.
    ///
    /// The number is handed out under a lock on the key until the end of the transaction, so a key's numbers have no
    /// holes and follow the order of commits. Whoever appends for several keys does so in the same order everywhere.
    ///
    /// - Parameter envelope: its `sequence` is replaced.
    package func append<Body>(_ envelope: Envelope<Body>, on channel: Channel<Body>) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = String(decoding: try encoder.encode(envelope.data), as: UTF8.self)
        later(
            """
            WITH keyed AS (
                INSERT INTO event_keys (key, last_sequence) VALUES ($5, 1)
                ON CONFLICT (key) DO UPDATE SET last_sequence = event_keys.last_sequence + 1
                RETURNING last_sequence)
            INSERT INTO events (id, type, version, source, key, key_sequence, correlation, causation, channel, body, at)
            SELECT $1, $2, $3, $4, $5, last_sequence, $6, $7, $8, $9, $10 FROM keyed RETURNING key_sequence
            """,
            [
                envelope.id, envelope.type, envelope.version, envelope.source, envelope.key, envelope.correlation,
                envelope.causation, channel.name, body, WallTime(envelope.at),
            ]
        ) { answer in
            // The row is written. Should its bell not ring, readers find it by themselves.
            guard let number = try? answer.rows.first?.int64("key_sequence"),
                let bytes = try? MessageCodec.encode(envelope.numbered(number))
            else { return }
            self.note(PendingEvent(id: envelope.id, type: envelope.type, channel: channel.name, bytes: bytes))
        }
    }
}

extension Envelope {
    fileprivate func numbered(_ sequence: Int64) -> Envelope {
        Envelope(
            id: id, source: source, at: at, correlation: correlation, causation: causation, key: key,
            sequence: sequence, data: data)
    }
}
