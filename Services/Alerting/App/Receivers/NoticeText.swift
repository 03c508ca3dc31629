import AlertingCore
import Domain

/// A notice in the suite's own words.
struct NoticeText {
    /// How bad the worst of it is.
    enum Tone: String {
        case critical, warning, info, resolved

        /// For the bar beside the text.
        var color: String {
            switch self {
            case .critical: "#c62828"
            case .warning: "#f9a825"
            case .info: "#1565c0"
            case .resolved: "#2e7d32"
            }
        }

        var sign: String {
            switch self {
            case .critical: "🔴"
            case .warning: "🟠"
            case .info: "🔵"
            case .resolved: "✅"
            }
        }
    }

    /// What the address of the page is called.
    static let pageTitle = "Acknowledge or silence"

    private let notice: Notice
    private let page: String?
    private static let shownMax = 20

    /// - Parameter page: where its group is acknowledged.
    init(_ notice: Notice, page: String? = nil) {
        self.notice = notice
        self.page = page
    }

    /// `[FIRING:2] SourceDown (critical)`; of mere occurrences `[EVENT] WhaleTrade (info)`.
    var subject: String { mark + plainSubject }

    /// What must be seen first, whatever the operator's templates say; empty when there is nothing.
    var mark: String {
        switch notice.reason {
        case .test: "[TEST] "
        case .resent: "[SENT AGAIN] "
        case .escalated: "[ESCALATED] "
        default: ""
        }
    }

    /// What is said beside the alerts; nil when nothing is.
    var note: String? { notice.note }

    /// The subject without its mark.
    var plainSubject: String {
        let common = notice.commonLabels
        let name = first(notice.groupLabels["alertname"], common["alertname"], "several alerts")
        let severity = common["severity"]
        return "[\(state)] \(name)" + (severity.isEmpty ? "" : " (\(severity))")
    }

    private var state: String {
        guard notice.isFiring else { return "RESOLVED" }
        return notice.firing.allSatisfy { $0.kind == .event } ? "EVENT" : "FIRING:\(notice.firing.count)"
    }

    var tone: Tone {
        guard notice.isFiring else { return .resolved }
        let severities = Set(notice.firing.map { $0.labels["severity"] })
        if !severities.isDisjoint(with: ["critical", "page", "emergency"]) { return .critical }
        return severities.isSubset(of: ["info", "none", "debug"]) ? .info : .warning
    }

    /// The alerts that are shown one by one, those that fire first.
    var shown: [Alert] { Array((notice.firing + notice.resolved).prefix(Self.shownMax)) }

    /// How many more there are, in words; nil when all are shown.
    func more(than count: Int) -> String? {
        let missing = notice.alerts.count + notice.more - count
        return missing > 0 ? "and \(missing) more" : nil
    }

    /// Plain text with one paragraph an alert.
    var text: String {
        var parts = [note].compactMap(\.self) + shown.map(paragraph)
        if let more = more(than: shown.count) { parts.append(more) }
        if let page { parts.append("\(Self.pageTitle): \(page)") }
        return parts.joined(separator: "\n\n")
    }

    /// The same as HTML.
    var html: String {
        let rows = shown.map { alert in
            let color = alert.isResolved(at: notice.at) ? Tone.resolved.color : tone.color
            return "<p style=\"border-left:4px solid \(color);padding-left:8px\">\(Self.lines(paragraph(alert)))</p>"
        }
        let rest = more(than: shown.count).map { "<p>\(Self.escape($0))</p>" } ?? ""
        let note = note.map { "<p>\(Self.lines($0))</p>" } ?? ""
        let link = page.map { "<p><a href=\"\(Self.escape($0))\">\(Self.pageTitle)</a></p>" } ?? ""
        return "<html><body><h3>\(Self.escape(subject))</h3>\(note)\(rows.joined())\(rest)\(link)</body></html>"
    }

    /// One alert: what it is, its labels, since when, and where to read on.
    func paragraph(_ alert: Alert) -> String {
        var lines = [headline(alert)]
        if !alert.annotations["description"].isEmpty { lines.append(alert.annotations["description"]) }
        lines.append("Labels: \(labels(alert))")
        lines.append(times(alert))
        for link in links(alert) { lines.append("\(link.title): \(link.url)") }
        return lines.joined(separator: "\n")
    }

    func headline(_ alert: Alert) -> String {
        let word = alert.isResolved(at: notice.at) ? "Resolved" : alert.kind == .event ? "Event" : "Firing"
        return "\(word): \(first(alert.annotations["summary"], alert.labels["alertname"], "alert"))"
    }

    func labels(_ alert: Alert) -> String {
        alert.labels.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    }

    func times(_ alert: Alert) -> String {
        "Since: \(alert.startsAt)" + (alert.isResolved(at: notice.at) ? ", until \(alert.endsAt)" : "")
    }

    /// Runbook and dashboard, as far as the alert names web addresses.
    func links(_ alert: Alert) -> [(title: String, url: String)] {
        [("Runbook", "runbook_url"), ("Dashboard", "dashboard_url")].compactMap { title, key in
            let url = alert.annotations[key]
            return url.hasPrefix("https://") || url.hasPrefix("http://") ? (title, url) : nil
        }
    }

    /// A text as a page of HTML.
    static func page(_ title: String, _ text: String) -> String {
        "<html><body><h3>\(escape(title))</h3><p>\(lines(text))</p></body></html>"
    }

    /// Slack's and Telegram's escapes are those of HTML's text.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { escape(String($0)) }.joined(
            separator: "<br>")
    }

    private func first(_ texts: String...) -> String { texts.first { !$0.isEmpty } ?? "" }
}
