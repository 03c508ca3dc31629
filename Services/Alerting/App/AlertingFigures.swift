import ServiceKit
import Synchronization

/// The metrics of alerting.
final class AlertingFigures: Sendable {
    let firing: Gauge
    let resolved: Gauge
    let spooled: Gauge
    private let metrics: Metrics
    /// Waiting notices by kind and destination; the page shows the sum of a kind.
    private let waiting = Mutex<[String: [String: Int]]>([:])

    init(_ metrics: Metrics, kinds: Set<String>) {
        self.metrics = metrics
        let help = "Alerts in the book, by state."
        firing = metrics.gauge("plimsoll_alerts", help, labels: ["state": "firing"])
        resolved = metrics.gauge("plimsoll_alerts", help, labels: ["state": "resolved"])
        spooled = metrics.gauge("plimsoll_alert_spool_records", "Records on the local disk that Postgres has not seen.")
        for kind in kinds {
            for result in [Record.Attempt.Result.delivered, .retry, .failed, .superseded] {
                _ = notifications(kind, result)
            }
            _ = seconds(kind)
            queued(kind, "", 0)
        }
        for source in ["prometheus", "event", "alertmanager", "grafana"] { _ = received(source) }
    }

    func received(_ source: String) -> Counter {
        metrics.counter("plimsoll_alerts_received_total", "Alerts taken in.", labels: ["source": source])
    }

    func notifications(_ kind: String, _ result: Record.Attempt.Result) -> Counter {
        metrics.counter(
            "plimsoll_notifications_total", "Attempts to tell somebody, by what became of them.",
            labels: ["channel": kind, "result": result == .retry ? "retry" : result.rawValue])
    }

    func seconds(_ kind: String) -> Histogram {
        metrics.histogram(
            "plimsoll_notification_seconds", "From the decision to tell until the receiver took it.",
            buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300], labels: ["channel": kind])
    }

    func queued(_ kind: String, _ destination: String, _ count: Int) {
        let sum = waiting.withLock { waiting in
            waiting[kind, default: [:]][destination] = count
            return waiting[kind, default: [:]].values.reduce(0, +)
        }
        metrics.gauge("plimsoll_notifications_queued", "Notices that wait.", labels: ["channel": kind]).set(sum)
    }
}
