import Logging
package import ServiceKit
import ServiceLifecycle
package import Store

/// Lets a service's old rows go, round after round, while everything else runs.
///
/// Several processes may do it at once: each removes what the others have left.
package struct Retention: Service {
    private let database: Database
    private let rules: [RetentionRule]
    private let interval: Duration
    private let metrics: Metrics
    private let logger: Logger

    /// - `retention.interval` (10s to 1d, default 10m).
    package static func interval(_ reader: SettingsReader) -> Duration {
        reader.duration("retention.interval", in: .seconds(10)...(.days(1)), default: .seconds(600))
    }

    /// - `retention.interval` (10s to 1d, default 10m): the time between two rounds.
    package init(_ context: ServiceContext, database: Database, rules: [RetentionRule]) {
        self.database = database
        self.rules = rules
        interval = Self.interval(context.reader)
        metrics = context.metrics
        logger = context.logger("retention")
        for rule in rules {
            metrics.gauge(
                "plimsoll_retention_keep_seconds", "How long rows of a table are kept.", labels: ["table": rule.table]
            ).set(rule.keep / .seconds(1))
            _ = removed(rule.table)
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var backoff = Backoff(base: .seconds(1), limit: .seconds(60))
            while !Task.isCancelled {
                let isDone = await round()
                if isDone { backoff.reset() }
                await Task.pause(for: isDone ? interval : min(interval, backoff.next()))
            }
        }
    }

    /// Every rule once; what fails is tried again in the next round.
    ///
    /// - Returns: whether nothing failed.
    private func round() async -> Bool {
        var isDone = true
        for rule in rules {
            do {
                let count = try await rule.sweep(database)
                removed(rule.table).increment(by: Double(count))
                if count > 0 {
                    logger.info("old rows removed", metadata: ["table": "\(rule.table)", "rows": "\(count)"])
                }
                metrics.gauge(
                    "plimsoll_retention_oldest_seconds", "Age of the oldest row of a table that is meant to go.",
                    labels: ["table": rule.table]
                ).set((try await rule.oldestAge(database) ?? .zero) / .seconds(1))
            } catch is CancellationError {
                return false
            } catch {
                isDone = false
                logger.warning("old rows stay for now", metadata: ["table": "\(rule.table)", "error": "\(error)"])
            }
        }
        return isDone
    }

    private func removed(_ table: String) -> Counter {
        metrics.counter("plimsoll_retention_removed_total", "Old rows removed.", labels: ["table": table])
    }
}

extension RetentionRule {
    /// - `retention.events` (1d to 3650d, default 14d), `retention.dead_letters` (1d to 3650d, default 90d).
    package static func outbox(_ reader: SettingsReader) -> [RetentionRule] {
        outbox(
            events: reader.duration("retention.events", in: .days(1)...(.days(3650)), default: .days(14)),
            deadLetters: reader.duration("retention.dead_letters", in: .days(1)...(.days(3650)), default: .days(90)))
    }

    /// - `retention.decisions` (8d to 3650d, default 90d), `retention.goal_progress` (1d to 3650d, default 90d).
    package static func decisions(_ reader: SettingsReader) -> [RetentionRule] {
        decisions(
            reader.duration("retention.decisions", in: .days(8)...(.days(3650)), default: .days(90)),
            goalProgress: reader.duration("retention.goal_progress", in: .days(1)...(.days(3650)), default: .days(90)))
    }
}

extension Duration {
    /// So many times 24 hours.
    package static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
