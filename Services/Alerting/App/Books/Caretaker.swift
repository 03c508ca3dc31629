import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store

/// How long what stays in the books.
struct Retention: Sendable {
    /// After their end.
    let alerts: Duration
    /// The log of deliveries too.
    let notifications: Duration
}

/// Removes what is older than the settings say, and checks that nobody has changed the delivery log.
struct Caretaker: Service {
    private static let interval = Duration.seconds(600)
    /// Of one statement, so that nobody waits long for it.
    private static let rowsMax = 5000
    /// How often the whole delivery log is checked; in between only what is new.
    private static let wholeInterval = Timestamp.Span.days(1)

    /// How far the delivery log is known to be whole.
    private struct Verified {
        var mark: DeliveryLogAudit.Mark?
        var wholeAt = Timestamp.zero
    }

    let database: Database
    let retention: Retention
    let desk: AlertDesk
    let figures: AlertingFigures
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        var verified = Verified()
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if await desk.isLeading {
                    try await verify(&verified)
                    try await round()
                }
            } catch let error as StoreError {
                logger.warning("the books could not be looked after", metadata: ["error": "\(error)"])
            }
            let pause = await desk.isLeading ? Self.interval : .seconds(5)
            // Woken early when the program ends.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    private func round() async throws {
        try await remove(
            "DELETE FROM alerts WHERE fingerprint IN (SELECT fingerprint FROM alerts WHERE ends_at < now() - $1::interval LIMIT $2)",
            retention.alerts)
        try await remove(
            """
            DELETE FROM notification_log WHERE (group_key, destination) IN (
                SELECT group_key, destination FROM notification_log WHERE expires_at < now() - $1::interval LIMIT $2)
            """, retention.alerts)
        try await remove(
            """
            DELETE FROM escalations WHERE group_key IN (
                SELECT group_key FROM escalations WHERE closed_at < now() - $1::interval LIMIT $2)
            """, retention.alerts)
        try await remove(
            """
            DELETE FROM notifications WHERE id IN (SELECT id FROM notifications
                WHERE created_at < now() - $1::interval AND state NOT IN ('queued', 'sending') LIMIT $2)
            """, retention.notifications)
        try await remove(
            """
            DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < now() - $1::interval LIMIT $2)
            """, retention.notifications)
        try await removeAsides()
        try await database.query("SELECT trim_delivery_log($1::interval)", [retention.notifications])
    }

    /// What belongs to groups that are no more, and what people did.
    private func removeAsides() async throws {
        try await remove(
            """
            DELETE FROM message_threads WHERE (group_key, destination) IN (
                SELECT group_key, destination FROM message_threads WHERE at < now() - $1::interval LIMIT $2)
            """, retention.alerts)
        // A group that is there is looked at again and again.
        try await remove(
            """
            DELETE FROM alert_groups WHERE name IN (SELECT name FROM alert_groups
                WHERE (timer ->> 'flushAt')::numeric / 1000000000 < extract(epoch FROM now() - $1::interval) LIMIT $2)
            """, retention.alerts)
        try await database.query(
            "SELECT remove_old_acknowledgements($1::interval), remove_old_alerting_audit($1::interval)",
            [retention.notifications])
    }

    private func remove(_ sql: SQL, _ age: Duration) async throws {
        while try await database.execute(sql, [age, Self.rowsMax]) == Self.rowsMax { try Task.checkCancellation() }
    }

    private func verify(_ verified: inout Verified) async throws {
        let now = clock.now()
        if now - verified.wholeAt >= Self.wholeInterval || now < verified.wholeAt {
            verified = Verified(mark: nil, wholeAt: now)
        }
        let report = try await DeliveryLogAudit(database: database).run(from: verified.mark)
        verified.mark = report.mark
        let findings = report.findings
        figures.logIsBroken.set(!findings.isEmpty)
        for finding in findings.prefix(10) {
            logger.critical("the delivery log was changed", metadata: ["finding": "\(finding)"])
        }
    }
}
