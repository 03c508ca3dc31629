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

    let database: Database
    let retention: Retention
    let desk: AlertDesk
    let figures: AlertingFigures
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if await desk.isLeading { try await round() }
            } catch let error as StoreError {
                logger.warning("the books could not be looked after", metadata: ["error": "\(error)"])
            }
            let pause = await desk.isLeading ? Self.interval : .seconds(5)
            // Woken early when the program ends.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    private func round() async throws {
        try await verify()
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
        try await database.query("SELECT trim_delivery_log($1::interval)", [retention.notifications])
    }

    private func remove(_ sql: SQL, _ age: Duration) async throws {
        while try await database.execute(sql, [age, Self.rowsMax]) == Self.rowsMax { try Task.checkCancellation() }
    }

    private func verify() async throws {
        let findings = try await DeliveryLogAudit(database: database).run().findings
        figures.logIsBroken.set(!findings.isEmpty)
        for finding in findings.prefix(10) {
            logger.critical("the delivery log was changed", metadata: ["finding": "\(finding)"])
        }
    }
}
