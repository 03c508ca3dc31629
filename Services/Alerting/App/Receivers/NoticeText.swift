import AlertingCore
import Domain

/// A notice in words.
struct NoticeText {
    private let notice: Notice
    private static let shownMax = 20

    init(_ notice: Notice) { self.notice = notice }

    /// `[FIRING:2] SourceDown (critical)`.
    var subject: String {
        let state = notice.isFiring ? "FIRING:\(notice.firing.count)" : "RESOLVED"
        let common = notice.commonLabels
        let name = first(notice.groupLabels["alertname"], common["alertname"], "several alerts")
        let severity = common["severity"]
        return "[\(state)] \(name)" + (severity.isEmpty ? "" : " (\(severity))")
    }

    /// Plain text with one paragraph an alert.
    var text: String {
        var parts = shown.map(paragraph)
        if let more { parts.append(more) }
        return parts.joined(separator: "\n\n")
    }

    /// The same as HTML.
    var html: String {
        let rows = shown.map { alert in
            let color = alert.isResolved(at: notice.at) ? "#2e7d32" : "#c62828"
            let lines = paragraph(alert).split(separator: "\n").map { Self.escape(String($0)) }
            return "<p style=\"border-left:4px solid \(color);padding-left:8px\">\(lines.joined(separator: "<br>"))</p>"
        }
        let rest = more.map { "<p>\(Self.escape($0))</p>" } ?? ""
        return "<html><body><h3>\(Self.escape(subject))</h3>\(rows.joined())\(rest)</body></html>"
    }

    /// Slack's escapes are those of HTML's text.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private var shown: ArraySlice<Alert> { (notice.firing + notice.resolved).prefix(Self.shownMax) }
    private var more: String? {
        notice.alerts.count > Self.shownMax ? "and \(notice.alerts.count - Self.shownMax) more" : nil
    }

    private func paragraph(_ alert: Alert) -> String {
        let resolved = alert.isResolved(at: notice.at)
        let name = first(alert.labels["alertname"], "alert")
        var lines = ["\(resolved ? "Resolved" : "Firing"): \(first(alert.annotations["summary"], name))"]
        if !alert.annotations["description"].isEmpty { lines.append(alert.annotations["description"]) }
        let labels = alert.labels.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
        lines.append("Labels: \(labels)")
        lines.append("Since: \(alert.startsAt)" + (resolved ? ", until \(alert.endsAt)" : ""))
        for (title, key) in [("Runbook", "runbook_url"), ("Dashboard", "dashboard_url")]
        where !alert.annotations[key].isEmpty { lines.append("\(title): \(alert.annotations[key])") }
        return lines.joined(separator: "\n")
    }

    private func first(_ texts: String...) -> String { texts.first { !$0.isEmpty } ?? "" }
}
