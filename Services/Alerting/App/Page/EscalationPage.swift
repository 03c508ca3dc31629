import AlertingCore
import Domain
import Foundation
import ServiceKit

/// What nobody has taken care of yet: who hears of it next, and when; and the chains of steps.
struct EscalationPage: Sendable {
    private static let shownMax = 60
    private static let alertsMax = 5

    let desk: AlertDesk
    let clock: any WallClock
    /// The routing in force.
    let configuration: @Sendable () -> AlertingConfiguration

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/escalation", "Escalation", on: api) { _, _ in await page() }
    }

    private func page() async -> PageAnswer {
        let now = clock.now()
        let open = await desk.openEscalations()
        let chains = configuration().escalation.chains
        let model: [String: any Sendable] = [
            "none": open.isEmpty, "incidents": open.prefix(Self.shownMax).map { Self.model($0, now) },
            "more": max(0, open.count - Self.shownMax), "noChains": chains.isEmpty, "chains": chains.map(Self.model),
            "at": PageText.moment(now),
        ]
        return .content(template: "escalation", model: model)
    }

    private static func model(
        _ escalation: AlertDesk.Escalation, _ now: Timestamp
    ) -> [String: any Sendable] {
        let incident = escalation.incident
        let name = incident.groupLabels["alertname"]
        let severities = Set(escalation.alerts.map(\.urgency.severity))
        let severity = ["critical", "error", "warning", "info"].first(where: severities.contains) ?? ""
        var model: [String: any Sendable] = [
            "title": name.isEmpty ? incident.groupLabels.description : name, "severity": severity,
            "key": incident.group, "query": PageText.query(incident.group),
            "labels": PageText.labels(incident.groupLabels, without: ["alertname"]),
            "since": PageText.clock(incident.openedAt, now: now),
            "age": PageText.span(now - incident.openedAt),
            "told": told(incident),
            "alerts": escalation.alerts.prefix(alertsMax).map { alert, urgency in
                let summary = alert.annotations["summary"]
                let words = summary.isEmpty ? alert.labels["alertname"] : PageText.short(summary, 400)
                return ["summary": words, "reasons": urgency.reasons.joined(separator: "; ")] as [String: any Sendable]
            },
            "rest": max(0, escalation.alerts.count - alertsMax),
        ]
        model.merge(outlook(escalation.outlook, now)) { $1 }
        return model
    }

    private static func told(_ incident: Incident) -> String {
        guard incident.stepsTaken > 0 else { return "" }
        let receivers = Set(incident.places.map(\.receiver)).sorted().joined(separator: ", ")
        // Who hears of the end in any case is not among them.
        return "\(PageText.count(incident.stepsTaken, "step")) taken"
            + (receivers.isEmpty ? "" : ", to hear of the end too: \(receivers)")
    }

    /// What an alert's group has in store, in a sentence; empty when nobody more is told.
    static func words(_ outlook: EscalationOutlook?, _ now: Timestamp) -> String {
        switch outlook {
        case .next(let step): words(step, now)
        case .muted, .acknowledged, .finished, nil: ""
        }
    }

    private static func words(_ step: EscalationStep, _ now: Timestamp) -> String {
        "next \(step.receivers.joined(separator: ", ")) at \(PageText.clock(step.at, now: now)), in "
            + "\(PageText.span(step.at - now)). \(step.because)"
    }

    private static func outlook(_ outlook: EscalationOutlook?, _ now: Timestamp) -> [String: any Sendable] {
        switch outlook {
        case .next(let step):
            return ["state": "not acknowledged", "tint": "warning", "next": words(step, now), "canTake": true]
        case .muted(let step):
            return ["state": "muted", "tint": "", "next": words(step, now), "canTake": true]
        case .acknowledged(let by, let at, let until):
            let end = until.map { ", until \(PageText.clock($0, now: now))" } ?? ""
            return [
                "state": "acknowledged", "tint": "good", "canTakeBack": true,
                "next": "by \(by), \(PageText.ago(at, now: now))\(end)",
            ]
        case .finished:
            return ["state": "all steps taken", "tint": "critical", "next": "nobody more is told", "canTake": true]
        case nil: return ["state": "ended", "tint": "", "next": ""]
        }
    }

    private static func model(_ chain: EscalationChain) -> [String: any Sendable] {
        [
            "name": chain.name,
            "matchers": chain.matchers.isEmpty
                ? "every alert" : chain.matchers.map(\.description).joined(separator: ", "),
            "steps": chain.steps.map { step in
                ["wait": PageText.span(step.wait), "receivers": step.receivers.joined(separator: ", ")]
                    as [String: any Sendable]
            },
            "repeats": chain.repeatInterval.map(PageText.span) ?? "",
            "holds": chain.acknowledgedFor.map(PageText.span) ?? "",
        ]
    }
}
