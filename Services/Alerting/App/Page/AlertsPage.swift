import AlertingCore
import Domain
import Foundation
import ServiceKit

/// What fires now, by group: who hears of it next and why, and who took notice.
struct AlertsPage: Sendable {
    /// More are counted, not shown: the page stays small.
    private enum Limit {
        static let groups = 60
        static let alerts = 5
        static let alertsOfOneGroup = 200
    }

    let desk: AlertDesk
    let clock: any WallClock

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/", "Alerts", on: api) { _, query in await page(query) }
        router.post("/ui/acknowledge", "Acknowledge", on: api) { visitor, form in
            let subject = form["subject"]
            guard let kind = Acknowledgement.Kind(rawValue: form["kind"]), !subject.isEmpty else {
                throw Problem.badRequest("kind is alert or group, and subject says which")
            }
            let isTaken = form["withdraw"].isEmpty
            try await desk.acknowledge(
                Acknowledgement(
                    id: UUID().uuidString.lowercased(), kind: kind, subject: subject, acknowledged: isTaken,
                    by: visitor.name, through: "page", comment: form["comment"], at: clock.now()))
            return .go(to: "/ui/", message: isTaken ? "Acknowledged." : "Taken back.")
        }
    }

    private func page(_ query: PageForm) async -> PageAnswer {
        let book = await desk.book()
        let acknowledged = await desk.acknowledged
        let now = clock.now()
        var matchers: [Matcher] = []
        var problem: String?
        do throws(Matcher.Failure) { matchers = try query["filter"].isEmpty ? [] : Matcher.list(query["filter"]) } catch
        {
            problem = "The filter is no list of matchers: \(error)"
        }
        let wanted = matchers
        let all = book.groupViews(at: now, where: { wanted.match($0.labels) })
        let one = query["group"]
        let groups = all.filter { one.isEmpty || $0.key == one }
        let model: [String: any Sendable] = [
            "filter": query["filter"], "none": groups.isEmpty, "alertCount": groups.reduce(0) { $0 + $1.alerts.count },
            "groupCount": groups.count, "more": max(0, groups.count - Limit.groups), "single": !one.isEmpty,
            "groups": groups.prefix(Limit.groups).map { group in
                Self.model(
                    group, acknowledged, now, limit: one.isEmpty ? Limit.alerts : Limit.alertsOfOneGroup)
            },
        ]
        return .content(template: "alerts", model: model, problem: problem)
    }

    private static func model(
        _ group: GroupView, _ acknowledged: AcknowledgementBook, _ now: Timestamp, limit: Int
    ) -> [String: any Sendable] {
        let name = group.name.labels["alertname"]
        let severity = worst(group.alerts.map { $0.alert.labels["severity"] })
        let by = acknowledged[group.key].flatMap { $0.acknowledged ? $0 : nil }
        return [
            "title": name.isEmpty ? group.name.labels.description : name, "severity": severity, "key": group.key,
            "query": PageText.query(group.key), "receiver": group.receiver, "count": group.alerts.count,
            "next": next(group, now), "acknowledgedBy": by.map { "\($0.by), \($0.at)" } ?? "",
            "labels": group.name.labels.pairs.filter { $0.name != "alertname" }.map { "\($0.name)=\($0.value)" },
            "matchers": PageText.query(group.name.labels.pairs.map(PageText.matcher).joined(separator: ", ")),
            "alerts": group.alerts.prefix(limit).map { model($0, acknowledged, in: group) },
            "rest": max(0, group.alerts.count - limit),
        ]
    }

    private static func model(
        _ view: AlertView, _ acknowledged: AcknowledgementBook, in group: GroupView
    ) -> [String: any Sendable] {
        let alert = view.alert
        let by = acknowledged.acknowledgement(of: alert, inGroup: group.key)
        var state = view.status.state.rawValue
        if !view.status.silencedBy.isEmpty { state = "silenced" }
        if !view.status.inhibitedBy.isEmpty {
            state = "inhibited by \(view.status.inhibitedBy.map(\.description).joined(separator: ", "))"
        }
        return [
            "summary": alert.annotations["summary"].isEmpty ? alert.labels["alertname"] : alert.annotations["summary"],
            "description": alert.annotations["description"], "state": state, "since": alert.startsAt.description,
            "fingerprint": alert.fingerprint.description, "acknowledgedBy": by.map { "\($0.by), \($0.at)" } ?? "",
            "labels": alert.labels.pairs.map { "\($0.name)=\($0.value)" },
            "matchers": PageText.query(alert.labels.pairs.map(PageText.matcher).joined(separator: ", ")),
            "runbook": PageText.address(alert.annotations["runbook_url"]),
            "dashboard": PageText.address(alert.annotations["dashboard_url"]),
        ]
    }

    /// When somebody is told of the group next, and why then.
    private static func next(_ group: GroupView, _ now: Timestamp) -> String {
        guard group.mutedBy.isEmpty else { return "muted by \(group.mutedBy.joined(separator: ", "))" }
        guard let next = group.next else { return "nothing will be sent: it is silenced, inhibited, or known already" }
        let wait =
            switch group.wait {
            case .groupWait: "the group is new and waits for more of its kind"
            case .none: "it fires for long already"
            case .cooldown: "its kind was told of a moment ago"
            case .groupInterval: "the group's interval has to pass"
            }
        let reason = next.at == group.flushAt ? "\(next.reason.rawValue); \(wait)" : next.reason.rawValue
        return "next send at \(next.at), in \(PageText.span(next.at - now)), because: \(reason)"
    }

    private static func worst(_ severities: [String]) -> String {
        ["critical", "warning", "info"].first { severities.contains($0) } ?? ""
    }
}
