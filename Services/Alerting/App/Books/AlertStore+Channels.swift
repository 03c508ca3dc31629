import Domain
import Store

/// How a destination fares, by the books.
struct ChannelState: Sendable {
    /// An answer in the delivery log.
    struct Answer: Sendable {
        let at: Timestamp
        let result: String
        let text: String
    }

    let waiting: Int
    /// When the oldest that waits was made; nil: none waits.
    let oldest: Timestamp?
    let lastSuccess: Answer?
    let lastTrouble: Answer?
}

/// What became of a message that somebody asked for.
struct AskedMessage: Sendable {
    let id: String
    let destination: String
    let state: String
    let answer: String
    /// From the order to the answer; nil: there is none yet.
    let took: Timestamp.Span?

    /// Nothing more will become of it.
    var isSettled: Bool { !["queued", "sending"].contains(state) }
}

extension AlertStore {
    /// How destinations fare, by name.
    func channelStates(_ destinations: [String]) async throws -> [String: ChannelState] {
        let rows = try await database.query(
            """
            SELECT d.name, q.waiting, q.oldest, good.at AS good_at, good.answer AS good_answer, bad.at AS bad_at,
                bad.answer AS bad_answer, bad.result AS bad_result
            FROM jsonb_array_elements_text($1::jsonb) AS d(name)
            CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(created_at) AS oldest FROM notifications
                WHERE destination = d.name AND state IN ('queued', 'sending')) q
            LEFT JOIN LATERAL (SELECT at, answer FROM delivery_log
                WHERE destination = d.name AND result = 'delivered' ORDER BY at DESC LIMIT 1) good ON true
            LEFT JOIN LATERAL (SELECT at, answer, result FROM delivery_log
                WHERE destination = d.name AND result IN ('retry', 'failed', 'unknown', 'expired', 'dropped')
                ORDER BY at DESC LIMIT 1) bad ON true
            """, [try JSONText.write(destinations)])
        let states = try rows.map { row in
            let good = try row.optional("good_at", as: WallTime.self).map {
                ChannelState.Answer(at: $0.time, result: "delivered", text: try row.text("good_answer"))
            }
            let bad = try row.optional("bad_at", as: WallTime.self).map {
                ChannelState.Answer(
                    at: $0.time, result: try row.text("bad_result"), text: try row.text("bad_answer"))
            }
            return (
                try row.text("name"),
                ChannelState(
                    waiting: try row.int("waiting"), oldest: try row.optional("oldest", as: WallTime.self)?.time,
                    lastSuccess: good, lastTrouble: bad)
            )
        }
        return Dictionary(states) { first, _ in first }
    }

    /// What became of messages, by destination.
    func askedMessages(_ ids: [String]) async throws -> [AskedMessage] {
        let rows = try await database.query(
            """
            SELECT n.id, n.destination, n.state, n.created_at, coalesce(l.answer, '') AS answer, l.at
            FROM notifications n LEFT JOIN LATERAL (
                SELECT answer, at FROM delivery_log WHERE notification_id = n.id ORDER BY attempt DESC LIMIT 1) l ON true
            WHERE n.id IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY n.destination, n.id
            """, [try JSONText.write(ids)])
        return try rows.map { row in
            let began = try row.wallTime("created_at")
            return AskedMessage(
                id: try row.text("id"), destination: try row.text("destination"), state: try row.text("state"),
                answer: try row.text("answer"),
                took: try row.optional("at", as: WallTime.self).map { $0.time - began })
        }
    }
}
