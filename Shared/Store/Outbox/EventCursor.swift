/// The statements of one consumer on `events`, `cursors`, `consumed_events`, `consumer_keys` and `dead_letters`.
struct EventCursor: Sendable {
    let consumer: String
    let types: [String]

    private static let columns: SQL = """
        SELECT events.xid::text AS xid_text, events.seq, events.id, events.type, events.version, events.source,
            events.key, events.key_sequence, events.correlation, events.causation, events.channel, events.at,
            CASE WHEN events.type = ANY ($1::text[]) THEN events.body END AS body
        FROM events

        """

    /// Where the consumer has read to; makes the cursor when there is none.
    func load(_ database: Database, from start: EventReader.Start) async throws -> EventPosition {
        try await database.transaction { transaction in
            let place: SQL =
                switch start {
                case .beginning: "'0'::xid8"
                case .now: "pg_snapshot_xmin(pg_current_snapshot())"
                }
            let made = try await transaction.execute(
                "INSERT INTO cursors (consumer, xid, seq) VALUES ($1, " + place + ", 0) ON CONFLICT DO NOTHING",
                [consumer])
            if made == 1, start == .now {
                try await transaction.execute(
                    """
                    INSERT INTO consumer_keys (consumer, key, last_sequence)
                    SELECT $1, key, last_sequence FROM event_keys ON CONFLICT DO NOTHING
                    """, [consumer])
            }
            let rows = try await transaction.query(
                "SELECT cursors.xid::text AS xid_text, cursors.seq FROM cursors WHERE consumer = $1", [consumer])
            guard let row = rows.first else { throw StoreError(.unexpectedResult, "the cursor is gone") }
            return EventPosition(xid: try row.text("xid_text"), seq: try row.int64("seq"))
        }
    }

    /// The next events behind `position`, none of which can be followed later by one before it: only transactions
    /// older than every running one are read.
    func next(_ database: Database, after position: EventPosition, limit: Int) async throws -> [StoredEvent] {
        let rows = try await database.query(
            Self.columns + """
                WHERE (events.xid, events.seq) > ($2::xid8, $3::bigint)
                    AND events.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY events.xid, events.seq LIMIT $4
                """, [BoundArray(types), position.xid, position.seq, limit])
        return try rows.map(StoredEvent.init)
    }

    /// Whether there is anything behind `position` at all, be it still hidden by an older running transaction.
    func hasMore(_ database: Database, after position: EventPosition) async throws -> Bool {
        let rows = try await database.query(
            "SELECT EXISTS (SELECT 1 FROM events WHERE (events.xid, events.seq) > ($1::xid8, $2::bigint)) AS more",
            [position.xid, position.seq])
        return try rows.first?.bool("more") ?? false
    }

    /// What a key's sequence lacks between `last` and `before`, whoever's transaction it is in.
    func missing(_ database: Database, key: String, last: Int64, before: Int64, limit: Int) async throws
        -> [StoredEvent]
    {
        let rows = try await database.query(
            Self.columns + """
                WHERE events.key = $2 AND events.key_sequence > $3 AND events.key_sequence < $4
                ORDER BY events.key_sequence LIMIT $5
                """, [BoundArray(types), key, last, before, limit])
        return try rows.map(StoredEvent.init)
    }

    func lastSequence(_ database: Database, key: String) async throws -> Int64 {
        let rows = try await database.query(
            "SELECT last_sequence FROM consumer_keys WHERE consumer = $1 AND key = $2", [consumer, key])
        return try rows.first?.int64("last_sequence") ?? 0
    }

    /// Records that `event` took effect, in the transaction of the effect and at its end: what locks an account first
    /// then has no transaction id while it waits.
    ///
    /// - Returns: false when it had taken effect before; the transaction must be undone then.
    func consume(_ event: StoredEvent, _ transaction: Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            """
            WITH keyed AS (
                INSERT INTO consumer_keys (consumer, key, last_sequence) SELECT $1, $3, $4 WHERE $4::bigint > 0
                ON CONFLICT (consumer, key) DO UPDATE
                    SET last_sequence = greatest(consumer_keys.last_sequence, excluded.last_sequence)),
            consumed AS (
                INSERT INTO consumed_events (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*) AS count FROM consumed
            """, [consumer, event.id, event.key, event.keySequence])
        return try rows.first?.int("count") == 1
    }

    /// Moves the cursor forward, never back.
    func advance(to position: EventPosition, _ transaction: Transaction) async throws {
        try await transaction.execute(Self.advance, [consumer, position.xid, position.seq])
    }

    /// As above, in a transaction of its own.
    func advance(to position: EventPosition, _ database: Database) async throws {
        try await database.execute(Self.advance, [consumer, position.xid, position.seq])
    }

    private static let advance: SQL = """
        UPDATE cursors SET xid = $2::xid8, seq = $3::bigint, updated_at = now()
        WHERE consumer = $1 AND (cursors.xid, cursors.seq) < ($2::xid8, $3::bigint)
        """

    /// Puts aside what cannot be applied.
    func bury(_ event: StoredEvent, error: String, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "INSERT INTO dead_letters (consumer, event_id, body, error) VALUES ($1, $2, $3, $4)",
            [consumer, event.id, event.body ?? "null", String(error.prefix(2000))])
    }

    /// How many events wait (counted up to 10,000), the age of the oldest in seconds, and the horizon.
    func backlog(_ database: Database, after position: EventPosition) async throws -> EventBacklog {
        let rows = try await database.query(
            """
            SELECT count(*) AS count, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 AS age,
                pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
                pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmax(pg_current_snapshot()) AS held
            FROM (
                SELECT events.at FROM events WHERE (events.xid, events.seq) > ($1::xid8, $2::bigint)
                ORDER BY events.xid, events.seq LIMIT 10000) AS waiting
            """, [position.xid, position.seq])
        guard let row = rows.first else { throw StoreError(.unexpectedResult, "the backlog was not measured") }
        return EventBacklog(
            events: try row.int("count"), ageSeconds: max(0, try row.value("age")), horizon: try row.text("horizon"),
            isHeld: try row.bool("held"))
    }
}

/// How far behind a reader is.
struct EventBacklog: Sendable {
    let events: Int
    let ageSeconds: Double
    /// The oldest transaction that may still be running.
    let horizon: String
    /// It is older than the newest.
    let isHeld: Bool
}
