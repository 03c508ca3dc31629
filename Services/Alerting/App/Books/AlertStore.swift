import AlertingCore
import Contracts
import Domain
import Foundation
import Store

/// The books of alerting in Postgres.
struct AlertStore: Sendable {
    let database: Database

    /// Carries records out in one transaction.
    func apply(_ records: [Record]) async throws {
        try await database.transaction(attempts: 3) { transaction in
            for record in records {
                switch record {
                case .alert(let alert, let at): try await Self.put(alert, at, transaction)
                case .notice(let notice): try await Self.put(notice, transaction)
                case .attempt(let attempt): try await Self.put(attempt, transaction)
                }
            }
        }
    }

    private static func put(_ alert: Alert, _ at: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO alerts (fingerprint, labels, annotations, starts_at, ends_at, end_is_timeout, kind, generator_url, updated_at)
            VALUES ($1, $2::jsonb, $3::jsonb, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (fingerprint) DO UPDATE SET annotations = excluded.annotations, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, end_is_timeout = excluded.end_is_timeout, kind = excluded.kind,
                generator_url = excluded.generator_url, updated_at = excluded.updated_at
            WHERE alerts.updated_at <= excluded.updated_at
            """,
            [
                alert.fingerprint.description, try text(alert.labels), try text(alert.annotations),
                WallTime(alert.startsAt),
                WallTime(alert.endsAt), alert.endIsTimeout, alert.kind.rawValue, alert.generatorURL, WallTime(at),
            ])
    }

    private static func put(_ notice: Notice, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO notification_log (group_key, destination, firing, resolved, told_at)
            VALUES ($1, $2, $3::jsonb, $4::jsonb, $5)
            ON CONFLICT (group_key, destination) DO UPDATE SET firing = excluded.firing, resolved = excluded.resolved,
                told_at = excluded.told_at
            WHERE notification_log.told_at <= excluded.told_at
            """,
            [
                notice.key.group, notice.key.destination, try text(notice.entry.firing),
                try text(notice.entry.resolved), WallTime(notice.entry.at),
            ])
        guard let reason = notice.reason else { return }
        try await transaction.execute(
            """
            INSERT INTO notifications (id, group_key, receiver, status, subject, body, next_attempt_at, created_at)
            VALUES ($1, $2, $3, $4, $5, jsonb_build_object('reason', $6::text, 'notice', $7::jsonb), $8, $8)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                notice.id, notice.key.group, notice.key.destination, notice.isFiring ? "firing" : "resolved",
                NoticeText(notice).subject, reason.rawValue, try text(notice), WallTime(notice.at),
            ])
    }

    private static func put(_ attempt: Record.Attempt, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO notification_attempts (notification_id, attempt, ok, answer, at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (notification_id, attempt) DO NOTHING
            """,
            [attempt.notice, attempt.number, attempt.result == .delivered, attempt.answer, WallTime(attempt.at)])
        try await transaction.execute(
            """
            UPDATE notifications SET state = $2, attempts = $3, next_attempt_at = $4,
                delivered_at = CASE WHEN $2 = 'delivered' THEN $5::timestamptz END
            WHERE id = $1 AND attempts < $3
            """,
            [
                attempt.notice, attempt.result.rawValue, attempt.number, WallTime(attempt.nextAt), WallTime(attempt.at),
            ])
    }

    /// What a start needs: alerts that fire or whose end is still to be told, what was told, what is not delivered.
    func load() async throws -> BooksAtStart {
        var books = BooksAtStart()
        let alerts = try await database.query(
            """
            SELECT labels::text AS labels, annotations::text AS annotations, starts_at, ends_at, updated_at, end_is_timeout, kind,
                generator_url FROM alerts a WHERE ends_at > now() - interval '1 hour' OR EXISTS (
                SELECT 1 FROM notification_log l WHERE l.firing ? a.fingerprint)
            """)
        books.alerts = try alerts.map { row in
            Alert(
                labels: try read(row.text("labels")), annotations: try read(row.text("annotations")),
                startsAt: try row.wallTime("starts_at"), endsAt: try row.wallTime("ends_at"),
                updatedAt: try row.wallTime("updated_at"),
                endIsTimeout: try row.bool("end_is_timeout"), generatorURL: try row.text("generator_url"),
                kind: Alert.Kind(rawValue: try row.text("kind")) ?? .condition)
        }
        let log = try await database.query(
            """
            SELECT group_key, destination, firing::text AS firing, resolved::text AS resolved, told_at
            FROM notification_log WHERE firing <> '[]'::jsonb
            """)
        books.told = try log.map { row in
            (
                ToldKey(group: try row.text("group_key"), destination: try row.text("destination")),
                ToldEntry(
                    firing: try read(row.text("firing")), resolved: try read(row.text("resolved")),
                    at: try row.wallTime("told_at"), expiresAt: try row.wallTime("told_at") + .days(5))
            )
        }
        let queued = try await database.query(
            """
            SELECT (body -> 'notice')::text AS notice, attempts, next_attempt_at FROM notifications
            WHERE state = 'queued' ORDER BY created_at, id LIMIT 10000
            """)
        books.queued = try queued.map { row in
            QueuedNotice(
                notice: try read(row.text("notice")), attempts: try row.int("attempts"),
                nextAt: try row.wallTime("next_attempt_at"))
        }
        return books
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func read<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}

extension AlertStore {
    /// Asks whether Postgres is there.
    func ping() async throws { try await database.query("SELECT 1") }
}
