@testable import ServiceKit

/// Holds the alerts of Prometheus, their tests, the runbook and the metrics of the services together.
struct AlertRules {
    let rules: [SettingsNode]
    /// The text of prometheus/tests.
    let tests: String
    let runbook: String
    /// Every metric that a literal of the sources names.
    let metrics: Set<String>

    /// All that does not fit.
    var findings: [String] {
        let alerts = rules.flatMap(alerts)
        return alerts.isEmpty ? ["there are no alerts"] : alerts.flatMap(findings)
    }

    private func alerts(in file: SettingsNode) -> [SettingsNode] {
        items(file.child("groups")).flatMap { items($0.child("rules")) }.filter { $0.child("alert") != nil }
    }

    private func findings(_ alert: SettingsNode) -> [String] {
        let name = text(alert.child("alert"))
        var found: [String] = []
        if !["critical", "warning", "info"].contains(text(alert.child("labels")?.child("severity"))) {
            found.append("\(name) has no severity of critical, warning, info")
        }
        for key in ["summary", "description"] where text(alert.child("annotations")?.child(key)).isEmpty {
            found.append("\(name) has no \(key)")
        }
        if text(alert.child("annotations")?.child("runbook_url")) != "docs/runbook.md#\(name.lowercased())" {
            found.append("\(name) has no runbook_url to its section")
        }
        if !runbook.contains("\n## \(name)\n") { found.append("docs/runbook.md has no section \(name)") }
        for kind in ["fires", "just below", "figures"] where name != "Watchdog" || kind != "just below" {
            let tested = tests.split(separator: "\n").contains { $0.contains("name: \(name) ") && $0.contains(kind) }
            if !tested { found.append("\(name) has no test named \"\(kind)\"") }
        }
        let used = text(alert.child("expr")).matches(of: /plimsoll_[a-z_]+/).map { String($0.0) }
        for metric in Set(used).sorted() where !metrics.contains(metric) && !metrics.contains(histogram(metric)) {
            found.append("\(name) looks at \(metric), which no service makes")
        }
        return found
    }

    /// The histogram that a series is of.
    private func histogram(_ series: String) -> String {
        for end in ["_bucket", "_count", "_sum"] where series.hasSuffix(end) {
            return String(series.dropLast(end.count))
        }
        return series
    }

    private func items(_ node: SettingsNode?) -> [SettingsNode] {
        guard case .list(let items, _) = node else { return [] }
        return items
    }

    private func text(_ node: SettingsNode?) -> String {
        guard case .scalar(.some(let text), _) = node else { return "" }
        return text
    }
}
