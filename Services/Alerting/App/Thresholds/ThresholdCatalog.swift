import Domain

/// The thresholds of the suite's rules. A test holds it and prometheus/rules together.
enum ThresholdCatalog {
    /// Those of one kind, under a heading.
    struct Section: Sendable {
        let title: String
        let thresholds: [Threshold]
    }

    static let sections = [
        Section(title: "Losses and goals", thresholds: losses), Section(title: "Market data", thresholds: sources),
        Section(title: "Services", thresholds: services), Section(title: "Alerting itself", thresholds: alerting),
    ]
    static let all = sections.flatMap(\.thresholds)

    static subscript(name: String) -> Threshold? { all.first { $0.name == name } }

    private static let losses = [
        limit("drawdown", "Drawdown", "drawdown", 50, "An account has used up so much of its limit on drawdown."),
        limit(
            "drawdown_near_limit", "DrawdownNearLimit", "drawdown", 80,
            "The same, and critical: at the limit no entry is approved."),
        limit(
            "monthly_drawdown", "MonthlyDrawdown", "monthly_drawdown", 80,
            "An account has used up so much of its limit on the month's drawdown."),
        limit(
            "daily_loss", "DailyLoss", "daily_loss", 50, "An account has used up so much of its limit on a day's loss."),
        limit("daily_loss_near_limit", "DailyLossNearLimit", "daily_loss", 80, "The same, and critical."),
        Threshold(
            name: "goal_behind", alert: "GoalAtRisk",
            meaning: "A goal is so far behind an even pace to its date, or below its best of the last day.",
            unit: .percent(of: "the goal"), bounds: percent(1)...percent(100), standard: percent(25),
            measure: "plimsoll_goal_elapsed_ratio - plimsoll_goal_progress_ratio",
            expression: """
                plimsoll_goal_progress_ratio < plimsoll_goal_elapsed_ratio - $threshold \
                or (plimsoll_goal_progress_ratio < plimsoll_goal_elapsed_ratio - 0.1 and plimsoll_goal_elapsed_ratio > 0.9) \
                or plimsoll_goal_progress_ratio < max_over_time(plimsoll_goal_progress_ratio[1d]) - $threshold
                """, holds: .seconds(300), keepsFiring: .seconds(900)),
    ]

    /// A share of a limit of risk-manager.
    private static func limit(
        _ name: String, _ alert: String, _ limit: String, _ standard: Int64, _ meaning: String
    ) -> Threshold {
        let loss = "plimsoll_\(limit)_ratio"
        return Threshold(
            name: name, alert: alert, meaning: meaning, unit: .percent(of: "the limit"),
            bounds: percent(1)...percent(100),
            standard: percent(standard), measure: "\(loss) / ignoring (limit) plimsoll_limit{limit=\"\(limit)\"}",
            expression: "\(loss) > ignoring (limit) $threshold * plimsoll_limit{limit=\"\(limit)\"}",
            keepsFiring: .seconds(300))
    }

    private static let sources = [
        above(
            "source_lag", "SourceLag", "plimsoll_source_lag_seconds", 5, in: tenths(1)...whole(600), holds: 60,
            "Prints of a market arrive so long after they were made."),
        above(
            "source_reconnects", "SourceUnstable", "increase(plimsoll_source_reconnects_total[15m])", 10,
            unit: .number(of: "times in 15 minutes"), in: whole(1)...whole(1000),
            "The connection to an exchange had to be made anew so often."),
    ]

    private static let services = [
        above(
            "event_backlog", "EventBacklog", "plimsoll_event_lag_seconds", 10, in: whole(1)...whole(3600), holds: 30,
            "A service has not read an event that is so old."),
        above(
            "event_backlog_severe", "EventBacklogSevere", "plimsoll_event_lag_seconds", 120,
            in: whole(1)...whole(86_400), holds: 30, "The same, and critical."),
        above(
            "transaction_horizon", "TransactionHorizonOld", "max(plimsoll_transaction_horizon_age_seconds)", 60,
            in: whole(5)...whole(3600), holds: 30, "An open transaction holds back the readers of events for so long."),
        Threshold(
            name: "failed_requests", alert: "RequestsFail", meaning: "A service fails at so many requests.",
            unit: .number(of: "requests a second"), bounds: Ratio(raw: 100_000)...whole(1000), standard: tenths(1),
            measure: failedRequests, expression: "\(failedRequests) > $threshold", holds: .seconds(60)),
        above(
            "service_restarts", "ServiceRestarting", "changes(process_start_time_seconds{job=\"plimsoll\"}[10m])", 2,
            unit: .number(of: "starts in 10 minutes"), in: whole(1)...whole(100),
            "A service was started more often than that."),
    ]

    private static let failedRequests =
        #"sum by (service) (rate(plimsoll_http_requests_total{status=~"5..",route!="/health/ready"}[5m]))"#

    private static let alerting = [
        above(
            "notification_wait", "NotificationsLate", "plimsoll_notification_oldest_seconds", 300,
            in: whole(10)...whole(21_600), holds: 60, "A message has waited for its channel for so long."),
        above(
            "alert_delivery", "AlertsArriveLate",
            "histogram_quantile(0.9, sum by (channel, le) (rate(plimsoll_alert_delivery_seconds_bucket[15m])))", 120,
            // Beyond its last bucket a histogram cannot tell.
            in: tenths(5)...whole(299), holds: 300, "One in ten alerts reaches its channel later than that."),
    ]

    private static func above(
        _ name: String, _ alert: String, _ measure: String, _ standard: Int64, unit: Threshold.Unit = .seconds,
        in bounds: ClosedRange<Ratio>, holds: Int64 = 0, _ meaning: String
    ) -> Threshold {
        Threshold(
            name: name, alert: alert, meaning: meaning, unit: unit, bounds: bounds, standard: whole(standard),
            measure: measure, expression: "\(measure) > $threshold", holds: .seconds(holds))
    }

    private static func whole(_ value: Int64) -> Ratio { Ratio(raw: value * 100_000_000) }
    private static func tenths(_ value: Int64) -> Ratio { Ratio(raw: value * 10_000_000) }
    private static func percent(_ value: Int64) -> Ratio { Ratio(raw: value * 1_000_000) }
}
