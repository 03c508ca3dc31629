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
            "told": incident.stepsTaken == 0
                ? ""
                : "\(PageText.count(incident.stepsTaken, "step")) taken, told: "
                    + Set(incident.places.map(\.receiver)).sorted().joined(separator: ", "),
            "alerts": escalation.alerts.prefix(alertsMax).map { alert, urgency in
                [
                    "summary": alert.annotations["summary"].isEmpty
                        ? alert.labels["alertname"] : PageText.short(alert.annotations["summary"], 400),
                    "reasons": urgency.reasons.joined(separator: "; "),
                ] as [String: any Sendable]
            },
            "rest": max(0, escalation.alerts.count - alertsMax),
        ]
        model.merge(outlook(escalation.outlook, now)) { $1 }
        return model
    }

    /// What an alert's group has in store, in a sentence; empty when nobody more is told.
    static func words(_ outlook: EscalationOutlook?, _ now: Timestamp) -> String {
        switch outlook {
        case .next(let step): words(step, now)
        case .muted, .acknowledged, .finished, nil: ""
        }
    }

    private static func words(_ step: EscalationStep, _ now: Timestamp) -> String {
        "step \(step.number) of \(step.chain) at \(PageText.clock(step.at, now: now)), in "
            + "\(PageText.span(step.at - now)), to \(step.receivers.joined(separator: ", ")), because: \(step.because)"
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
