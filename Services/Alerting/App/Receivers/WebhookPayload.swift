import AlertingCore
import Domain

/// Alertmanager's webhook payload, version 4.
struct WebhookPayload: Encodable {
    struct Entry: Encodable {
        let status: String
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        let endsAt: String
        let generatorURL: String
        let fingerprint: String

        init(_ alert: Alert, at now: Timestamp) {
            let resolved = alert.isResolved(at: now)
            status = resolved ? "resolved" : "firing"
            labels = alert.labels.dictionary
            annotations = alert.annotations.dictionary
            startsAt = alert.startsAt.description
            endsAt = resolved ? alert.endsAt.description : "0001-01-01T00:00:00Z"
            generatorURL = alert.generatorURL
            fingerprint = alert.fingerprint
        }
    }

    let version = "4"
    let groupKey: String
    let truncatedAlerts: Int
    let status: String
    let receiver: String
    let groupLabels: [String: String]
    let commonLabels: [String: String]
    let commonAnnotations: [String: String]
    let externalURL: String
    let alerts: [Entry]
    let notificationReason: String

    enum CodingKeys: String, CodingKey {
        case version, groupKey, truncatedAlerts, status, receiver, groupLabels, commonLabels, commonAnnotations
        case externalURL, alerts
        case notificationReason = "notification_reason"
    }

    /// Most alerts in one payload.
    private static let alertsMax = 100

    init(_ notice: Notice, externalURL: String) {
        groupKey = notice.key.group
        truncatedAlerts = max(0, notice.alerts.count - Self.alertsMax)
        status = notice.isFiring ? "firing" : "resolved"
        receiver = notice.receiver
        groupLabels = notice.groupLabels.dictionary
        commonLabels = notice.commonLabels.dictionary
        commonAnnotations = notice.commonAnnotations.dictionary
        self.externalURL = externalURL
        alerts = notice.alerts.prefix(Self.alertsMax).map { Entry($0, at: notice.at) }
        notificationReason = notice.reason?.rawValue ?? ""
    }
}
