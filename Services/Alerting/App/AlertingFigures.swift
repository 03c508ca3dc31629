import ServiceKit
import Synchronization

/// The metrics of alerting.
final class AlertingFigures: Sendable {
    let firing: Gauge
    let suppressed: Gauge
    let resolved: Gauge
    let spooled: Gauge
    let aside: Gauge
    let leads: Gauge
    let logIsBroken: Gauge
    let refused: Counter
    private let metrics: Metrics
    private let deliveries = Mutex<[String: DeliveryFigures]>([:])

    /// - Parameter kinds: the channels that are shown from the start.
    init(_ metrics: Metrics, kinds: Set<String>) {
        self.metrics = metrics
        let help = "Alerts in the book, by state."
        firing = metrics.gauge("plimsoll_alerts", help, labels: ["state": "firing"])
        suppressed = metrics.gauge("plimsoll_alerts", help, labels: ["state": "suppressed"])
        resolved = metrics.gauge("plimsoll_alerts", help, labels: ["state": "resolved"])
        spooled = metrics.gauge("plimsoll_alert_spool_records", "Records on the local disk that Postgres has not seen.")
        aside = metrics.gauge(
            "plimsoll_alert_spool_aside_records", "Records of the spool that could not be used and were set aside.")
        leads = metrics.gauge("plimsoll_alerting_leads", "1 while this instance is the one that notifies.")
        logIsBroken = metrics.gauge(
            "plimsoll_delivery_log_broken", "1 when the delivery log was changed after it was written.")
        refused = metrics.counter(
            "plimsoll_alert_records_refused_total", "Records that the books will never take.")
        for kind in kinds { _ = delivery(kind) }
        for source in ["prometheus", "event", "alertmanager", "grafana"] { _ = received(source) }
    }

    func received(_ source: String) -> Counter {
        metrics.counter("plimsoll_alerts_received_total", "Alerts taken in.", labels: ["source": source])
    }

    /// Those of a kind of channel.
    func delivery(_ kind: String) -> DeliveryFigures {
        deliveries.withLock { deliveries in
            if let known = deliveries[kind] { return known }
            let made = DeliveryFigures(metrics, kind: kind)
            deliveries[kind] = made
            return made
        }
    }
}

/// The metrics of one kind of channel.
final class DeliveryFigures: Sendable {
    /// From the decision to tell until the receiver took it.
    let sinceDecision: Histogram
    /// From when it happened until the receiver took it.
    let sinceEvent: Histogram
    /// What the last test took; 0: there was none.
    let test: Gauge
    private let metrics: Metrics
    private let kind: String
    private let queued: Gauge
    private let oldest: Gauge

    init(_ metrics: Metrics, kind: String) {
        self.metrics = metrics
        self.kind = kind
        let labels = ["channel": kind]
        sinceDecision = metrics.histogram(
            "plimsoll_notification_seconds", "From the decision to tell until the receiver took it.",
            buckets: Histogram.deliveryBuckets, labels: labels)
        sinceEvent = metrics.histogram(
            "plimsoll_alert_delivery_seconds", "From when it happened until the receiver took it.",
            buckets: Histogram.deliveryBuckets, labels: labels)
        test = metrics.gauge(
            "plimsoll_channel_test_seconds", "From the start of the last test of a channel until its receiver took it.",
            labels: labels)
        queued = metrics.gauge("plimsoll_notifications_queued", "Notices that wait.", labels: labels)
        oldest = metrics.gauge(
            "plimsoll_notification_oldest_seconds", "How long the oldest notice has waited; 0: none waits.",
            labels: labels)
        for result in Attempt.Result.allCases { _ = self.result(result) }
    }

    func result(_ result: Attempt.Result) -> Counter {
        metrics.counter(
            "plimsoll_notifications_total", "Attempts to tell somebody, by what became of them.",
            labels: ["channel": kind, "result": result.rawValue])
    }

    func show(waiting: Int, oldestSeconds: Double) {
        queued.set(waiting)
        oldest.set(oldestSeconds)
    }
}
