import AlertingCore
import Crypto
import Domain
import Foundation
import Store

extension AlertStore {
    /// What destinations know of groups; an older version changes nothing.
    func put(told: [(ToldKey, ToldEntry)], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO notification_log AS l (group_key, destination, firing, resolved, told_at, expires_at, is_open,
                writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                group_key text, destination text, firing jsonb, resolved jsonb, told_at timestamptz,
                expires_at timestamptz, is_open boolean)
            ORDER BY group_key, destination
            ON CONFLICT (group_key, destination) DO UPDATE SET firing = excluded.firing, resolved = excluded.resolved,
                told_at = excluded.told_at, expires_at = excluded.expires_at, is_open = excluded.is_open,
                writer = excluded.writer, changed = pg_current_xact_id()
            WHERE l.told_at <= excluded.told_at
            """, told.map(ToldRow.init), transaction, more: [writer])
    }

    /// Notices that wait; the same one again changes nothing.
    func put(notices: [QueuedNotice], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO notifications (id, group_key, receiver, destination, channel, status, subject, labels, body,
                resend_of, attempts, next_attempt_at, expires_at, created_at, writer)
            SELECT r.*, $2 FROM jsonb_to_recordset($1::jsonb) AS r(
                id text, group_key text, receiver text, destination text, channel text, status text, subject text,
                labels text, body jsonb, resend_of text, attempts integer, next_attempt_at timestamptz,
                expires_at timestamptz, created_at timestamptz)
            ON CONFLICT (id) DO NOTHING
            """, try notices.map(NoticeRow.init), transaction, more: [writer])
    }

    func put(begun: [Begun], _ transaction: Transaction) async throws {
        try await run(
            """
            UPDATE notifications n SET state = 'sending', attempts = r.number, next_attempt_at = r.at, writer = $2,
                changed = pg_current_xact_id()
            FROM (SELECT id, max(number) AS number, max(at) AS at
                FROM jsonb_to_recordset($1::jsonb) AS r(id text, number integer, at timestamptz) GROUP BY id) r
            WHERE n.id = r.id AND n.attempts < r.number AND n.state IN ('queued', 'sending')
            """, begun.map(AttemptRow.init), transaction, more: [writer])
    }

    /// Rows of the delivery log, and what becomes of the notices. A try that somebody else has gone beyond changes nothing.
    func put(attempts: [Attempt], _ transaction: Transaction) async throws {
        let rows = attempts.map(AttemptRow.init)
        try await run(
            """
            INSERT INTO delivery_log (notification_id, attempt, receiver, destination, channel, result, answer, subject,
                labels, told, repeated, resend_of, begun_at, at)
            SELECT n.id, r.number, n.receiver, n.destination, n.channel, r.result, r.answer, n.subject, n.labels,
                encode(sha256(convert_to(n.body::text, 'UTF8')), 'hex'), r.repeated, n.resend_of, r.begun_at, r.at
            FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
                id text, number integer, result text, answer text, repeated boolean, begun_at timestamptz,
                at timestamptz)) WITH ORDINALITY AS r
            JOIN notifications n ON n.id = r.id ORDER BY r.ordinality
            """, rows, transaction)
        try await run(
            """
            UPDATE notifications n SET state = r.state, attempts = r.number, next_attempt_at = r.next_at,
                delivered_at = CASE WHEN r.state = 'delivered' THEN r.at END, writer = $2, changed = pg_current_xact_id()
            FROM (SELECT DISTINCT ON (id) * FROM jsonb_to_recordset($1::jsonb) AS r(
                id text, number integer, state text, at timestamptz, next_at timestamptz) ORDER BY id, number DESC) r
            WHERE n.id = r.id AND n.attempts <= r.number AND n.state IN ('queued', 'sending')
            """, rows, transaction, more: [writer])
        // However many tries came after it: the receiver may have the notice already.
        try await run(
            """
            UPDATE notifications n SET in_doubt = true
            FROM (SELECT DISTINCT id FROM jsonb_to_recordset($1::jsonb) AS r(id text)) r
            WHERE n.id = r.id AND NOT n.in_doubt
            """, rows.filter { $0.result == Attempt.Result.unknown.rawValue }, transaction)
        try await run(
            """
            INSERT INTO message_threads (group_key, destination, place, message, at)
            SELECT DISTINCT ON ("group", destination) "group", destination, place, message, at
            FROM jsonb_to_recordset($1::jsonb) AS r(
                "group" text, destination text, place text, message text, at timestamptz)
            ORDER BY "group", destination, at DESC
            ON CONFLICT (group_key, destination) DO UPDATE SET place = excluded.place, message = excluded.message,
                at = excluded.at
            WHERE message_threads.at <= excluded.at
            """, rows.filter { $0.place != nil }, transaction)
        // An incident that was told to be over has no message any more.
        try await run(
            """
            DELETE FROM message_threads t USING notifications n, jsonb_to_recordset($1::jsonb) AS r(id text)
            WHERE n.id = r.id AND n.status = 'resolved' AND n.resend_of IS NULL AND t.group_key = n.group_key
                AND t.destination = n.destination
            """, rows.filter { $0.result == Attempt.Result.delivered.rawValue }, transaction)
    }

    func put(timers: [GroupTimer], gone: [GroupName], _ transaction: Transaction) async throws {
        try await run(
            """
            INSERT INTO alert_groups (name, timer) SELECT name, timer FROM jsonb_to_recordset($1::jsonb) AS r(
                name text, timer jsonb)
            ON CONFLICT (name) DO UPDATE SET timer = excluded.timer
            """, timers.map(TimerRow.init), transaction)
        guard !gone.isEmpty else { return }
        try await transaction.execute(
            "DELETE FROM alert_groups WHERE name = ANY ($1::text[])", [BoundArray(gone.map(\.text))])
    }
}

private struct ToldRow: Encodable {
    let group_key: String
    let destination: String
    let firing: [Fingerprint]
    let resolved: [Fingerprint]
    let told_at: String
    let expires_at: String
    let is_open: Bool

    init(_ key: ToldKey, _ entry: ToldEntry) {
        group_key = key.group
        destination = key.destination
        firing = entry.firing
        resolved = entry.resolved
        told_at = WallTime(entry.at).boundText
        expires_at = WallTime(entry.expiresAt).boundText
        is_open = entry.isOpen
    }
}

private struct NoticeRow: Encodable {
    /// What is told, in the form that the delivery log vouches for.
    struct Body: Encodable {
        let reason: String
        let notice: Notice
    }

    let id: String
    let group_key: String
    let receiver: String
    let destination: String
    let channel: String
    let status: String
    let subject: String
    let labels: String
    let body: Body
    let resend_of: String?
    let attempts: Int
    let next_attempt_at: String
    let expires_at: String
    let created_at: String

    init(_ queued: QueuedNotice) throws {
        let notice = queued.notice
        id = queued.id
        group_key = notice.key.group
        receiver = notice.receiver
        destination = notice.key.destination
        channel = queued.channel
        status = notice.isFiring ? "firing" : "resolved"
        subject = NoticeText(notice).subject
        labels = notice.searchText
        body = Body(reason: notice.reason?.rawValue ?? "", notice: notice)
        resend_of = queued.resendOf
        attempts = queued.attempts
        next_attempt_at = WallTime(queued.nextAt).boundText
        expires_at = WallTime(queued.expiresAt).boundText
        created_at = WallTime(notice.at).boundText
    }
}

private struct AttemptRow: Encodable {
    let id: String
    let number: Int
    var result = ""
    var state = ""
    var answer = ""
    var repeated = false
    var begun_at = ""
    let at: String
    var next_at = ""
    var group: String?
    var destination: String?
    var place: String?
    var message: String?

    init(_ attempt: Attempt) {
        id = attempt.notice
        number = attempt.number
        result = attempt.result.rawValue
        state = attempt.result.state
        answer = attempt.answer
        repeated = attempt.repeated
        begun_at = WallTime(attempt.begunAt).boundText
        at = WallTime(attempt.at).boundText
        next_at = WallTime(attempt.nextAt).boundText
        if let thread = attempt.thread, let key = attempt.key {
            (group, destination) = (key.group, key.destination)
            (place, message) = (thread.place, thread.message)
        }
    }

    init(_ begun: Begun) {
        id = begun.notice
        number = begun.number
        at = WallTime(begun.at).boundText
    }
}

private struct TimerRow: Encodable {
    let name: String
    let timer: GroupTimer

    init(_ timer: GroupTimer) {
        name = timer.name.text
        self.timer = timer
    }
}

extension Notice {
    /// Most characters of labels that a notice can be found by.
    private static let searchMax = 4000

    /// The pairs of all labels of its alerts, each once.
    var searchText: String {
        var seen: Set<Labels.Pair> = []
        var text = ""
        for pair in alerts.flatMap(\.labels.pairs) where seen.insert(pair).inserted {
            text += text.isEmpty ? "\(pair.name)=\(pair.value)" : ", \(pair.name)=\(pair.value)"
            if text.utf8.count > Self.searchMax { return String(text.prefix(Self.searchMax)) }
        }
        return text
    }
}
