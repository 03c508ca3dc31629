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
            fingerprint = alert.fingerprint.description
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
    /// Said only when it may have arrived before, so that other payloads are letter for letter Alertmanager's.
    let repeated: Bool?

    enum CodingKeys: String, CodingKey {
        case version, groupKey, truncatedAlerts, status, receiver, groupLabels, commonLabels, commonAnnotations
        case externalURL, alerts, repeated
        case notificationReason = "notification_reason"
    }

    /// - Parameter alertsMax: most alerts in it; 0 is as many as there are.
    init(_ notice: Notice, externalURL: String, alertsMax: Int, repeated: Bool) {
        let shown = notice.alerts.prefix(alertsMax > 0 ? alertsMax : notice.alerts.count)
        groupKey = notice.key.group
        truncatedAlerts = notice.alerts.count + notice.more - shown.count
        // As in the reference, what is left out counts for nothing.
        status = shown.contains { !$0.isResolved(at: notice.at) } ? "firing" : "resolved"
        receiver = notice.receiver
        groupLabels = notice.groupLabels.dictionary
        commonLabels = Labels.common(shown.map(\.labels)).dictionary
        commonAnnotations = Labels.common(shown.map(\.annotations)).dictionary
        self.externalURL = externalURL
        alerts = shown.map { Entry($0, at: notice.at) }
        notificationReason = notice.reason?.rawValue ?? ""
        self.repeated = repeated ? true : nil
    }
}
