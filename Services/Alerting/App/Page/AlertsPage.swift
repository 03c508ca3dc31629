import AlertingCore
import Domain
import Foundation
import ServiceKit

/// What fires now, by group: who hears of it next and why, and who took notice.
struct AlertsPage: Sendable {
    /// More is counted, not shown: the page stays small, whatever fires.
    private enum Limit {
        static let bytes = 72_000
        static let alerts = 5
        static let alertsOfMany = 2
        static let many = 12
        static let alertsOfOneGroup = 100
        static let textLength = 400
    }

    let desk: AlertDesk
    let clock: any WallClock
    let templates: PageTemplates

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/", "Alerts", on: api) { visitor, query in await page(query, for: visitor) }
        router.post("/ui/acknowledge", "Acknowledge", on: api) { visitor, form in
            let subject = form["subject"]
            guard let kind = Acknowledgement.Kind(rawValue: form["kind"]), !subject.isEmpty else {
                throw Problem.badRequest("The form does not say what is acknowledged.")
            }
            let isTaken = form["withdraw"].isEmpty
            try await desk.acknowledge(
                Acknowledgement(
                    id: UUID().uuidString.lowercased(), kind: kind, subject: subject, acknowledged: isTaken,
                    by: visitor.name, through: "page", comment: form["comment"], at: clock.now()))
            let back = form["back"] == "/ui/escalation" ? form["back"] : "/ui/"
            return .go(to: back, message: isTaken ? "Acknowledged." : "Taken back.")
        }
    }

    private func page(_ query: PageForm, for visitor: PageVisitor) async -> PageAnswer {
        let book = await desk.book()
        let acknowledged = await desk.acknowledged
        let outlooks = Dictionary(await desk.openEscalations().map { ($0.incident.group, $0.outlook) }) { first, _ in
            first
        }
        let now = clock.now()
        var matchers: [Matcher] = []
        var problem: String?
        do throws(Matcher.Failure) { matchers = try query["filter"].isEmpty ? [] : Matcher.list(query["filter"]) } catch
        {
            problem = "The filter is no list of matchers: \(error)"
        }
        let wanted = matchers
        let one = query["group"]
        let groups = book.groupViews(at: now, where: { wanted.match($0.labels) })
            .filter { one.isEmpty || $0.key == one }.map(RankedGroup.init).sorted(by: RankedGroup.precedes)
        let from = min(max(0, Int(query["from"]) ?? 0), groups.count)
        let shown = cards(
            of: Array(groups.dropFirst(from)), acknowledged, outlooks, now, isSingle: !one.isEmpty, visitor)
        let model: [String: any Sendable] = [
            "filter": query["filter"], "none": groups.isEmpty && problem == nil, "single": !one.isEmpty,
            "filtered": !query["filter"].isEmpty, "cards": shown.joined(),
            "counts": PageText.count(groups.reduce(0) { $0 + $1.group.alerts.count }, "alert") + " in "
                + PageText.count(groups.count, "group"),
            "severities": Self.severities(groups), "more": max(0, groups.count - from - shown.count),
            "from": from, "next": "\(from + shown.count)", "filterQuery": PageText.query(query["filter"]),
            "at": PageText.moment(now),
        ]
        return .content(template: "alerts", model: model, problem: problem)
    }

    /// The groups as far as the page's size allows, and one at least.
    private func cards(
        of groups: [RankedGroup], _ acknowledged: AcknowledgementBook, _ outlooks: [String: EscalationOutlook?],
        _ now: Timestamp, isSingle: Bool, _ visitor: PageVisitor
    ) -> [String] {
        var cards: [String] = []
        var bytes = 0
        for ranked in groups {
            var model = Self.model(
                ranked, acknowledged, now,
                isSingle: isSingle,
                limit: isSingle ? Limit.alertsOfOneGroup : groups.count > Limit.many ? Limit.alertsOfMany : Limit.alerts
            )
            model["escalates"] = EscalationPage.words(outlooks[ranked.group.key] ?? nil, now)
            model["formToken"] = visitor.session?.formToken ?? ""
            let card = templates.render("group", model)
            bytes += card.utf8.count
            guard cards.isEmpty || bytes <= Limit.bytes else { break }
            cards.append(card)
        }
        return cards
    }

    private static func severities(_ groups: [RankedGroup]) -> [[String: any Sendable]] {
        ["critical", "warning", "info"].compactMap { severity in
            let count = groups.count { $0.severity == severity }
            guard count > 0 else { return nil }
            return [
                "severity": severity, "count": count, "query": PageText.query("severity=\"\(severity)\""),
            ]
        }
    }

    private static func model(
        _ ranked: RankedGroup, _ acknowledged: AcknowledgementBook, _ now: Timestamp, isSingle: Bool, limit: Int
    ) -> [String: any Sendable] {
        let group = ranked.group
        let name = group.name.labels["alertname"]
        let by = acknowledged[group.key].flatMap { $0.acknowledged ? $0 : nil }
        return [
            "title": name.isEmpty ? group.name.labels.description : name, "severity": ranked.severity,
            "key": group.key, "query": PageText.query(group.key), "receiver": group.receiver,
            "count": PageText.count(group.alerts.count, "alert"), "next": next(group, now),
            "acknowledgedBy": by.map { words($0, now) } ?? "",
            "labels": PageText.labels(group.name.labels, without: ["alertname"]),
            "matchers": PageText.query(group.name.labels.pairs.map(PageText.matcher).joined(separator: ", ")),
            "alerts": group.alerts.prefix(limit).map { model($0, acknowledged, in: group, now) },
            "rest": max(0, group.alerts.count - limit), "single": isSingle,
        ]
    }

    private static func model(
        _ view: AlertView, _ acknowledged: AcknowledgementBook, in group: GroupView, _ now: Timestamp
    ) -> [String: any Sendable] {
        let alert = view.alert
        let by = acknowledged.acknowledgement(of: alert, inGroup: group.key)
        let grouped = Set(group.name.labels.pairs.map(\.name))
        let summary = alert.annotations["summary"]
        return [
            "summary": PageText.short(summary.isEmpty ? alert.labels["alertname"] : summary, Limit.textLength),
            "description": PageText.short(alert.annotations["description"], Limit.textLength), "state": state(view),
            "since": "since \(PageText.clock(alert.startsAt, now: now)) (\(PageText.span(now - alert.startsAt)))",
            "fingerprint": alert.fingerprint.description, "acknowledgedBy": by.map { words($0, now) } ?? "",
            // What the group says already is not said again.
            "labels": PageText.labels(alert.labels, without: grouped),
            "runbook": PageText.address(alert.annotations["runbook_url"]),
            "dashboard": PageText.address(alert.annotations["dashboard_url"]),
        ]
    }

    private static func state(_ view: AlertView) -> String {
        if !view.status.inhibitedBy.isEmpty {
            return "inhibited by \(view.status.inhibitedBy.map(\.description).joined(separator: ", "))"
        }
        return view.status.silencedBy.isEmpty ? "" : "silenced"
    }

    private static func words(_ taken: Acknowledgement, _ now: Timestamp) -> String {
        "\(taken.by), \(PageText.ago(taken.at, now: now))" + (taken.comment.isEmpty ? "" : ": \(taken.comment)")
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
        return
            "next send at \(PageText.clock(next.at, now: now)), in \(PageText.span(next.at - now)), because: \(reason)"
    }
}

/// A group with what its place on the page goes by.
private struct RankedGroup {
    /// The worst first; what has another severity comes last.
    private static let ranks = ["critical", "error", "warning", "info"]

    let group: GroupView
    /// The worst of its alerts; empty when none is known.
    let severity: String
    private let rank: Int
    private let newest: Timestamp

    init(_ group: GroupView) {
        self.group = group
        let found = Set(group.alerts.map { $0.alert.labels["severity"] })
        rank = Self.ranks.firstIndex { found.contains($0) } ?? Self.ranks.count
        severity = rank < Self.ranks.count ? Self.ranks[rank] : ""
        newest = group.alerts.map(\.alert.startsAt).max() ?? .zero
    }

    static func precedes(_ left: RankedGroup, _ right: RankedGroup) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.newest != right.newest { return left.newest > right.newest }
        return left.group.key < right.group.key
    }
}
