import AlertingCore
import Domain
import ServiceKit

extension AlertDesk {
    /// How often steps are looked for.
    private static let escalationPause = Timestamp.Span(nanoseconds: 250_000_000)

    /// Takes the steps that are due; the next round keeps and tells them.
    func escalate(at now: Timestamp, where isWanted: ([Urgency]) -> Bool) {
        guard now - escalatedAt >= Self.escalationPause || now < escalatedAt else { return }
        escalatedAt = now
        let actions = escalations.advance(to: now, current, acknowledged, where: isWanted)
        for group in actions.stopped { unkept += delivery.retract(stepsOf: group, at: now) }
        unkept += delivery.add(actions.notices, at: now)
    }

    /// Opens incidents for what people know to fire already: chains may be new, or an incident was not written down.
    func escalateWhatIsTold(at now: Timestamp) {
        guard !escalations.settings.chains.isEmpty else { return }
        for told in current.toldGroups(at: now) {
            escalations.observe(told.group, told.labels, told: told.alerts, at: now)
        }
    }

    /// An open incident, and what comes next.
    struct Escalation: Sendable {
        let incident: Incident
        /// Those that fire, by fingerprint, and how urgent each is.
        let alerts: [(alert: Alert, urgency: Urgency)]
        /// Nil: no chain is for it any more, or it has just ended.
        let outlook: EscalationOutlook?
    }

    /// The open incidents, the oldest first.
    func openEscalations() -> [Escalation] {
        let now = clock.now()
        return escalations.open.map { incident in
            Escalation(
                incident: incident,
                alerts: incident.alerts.compactMap(current.alert).filter { $0.isActive(at: now) }.map {
                    ($0, escalations.urgency(of: $0, at: now))
                }, outlook: outlook(ofGroup: incident.group, at: now))
        }
    }

    /// Who is told next of a group, when and why, should nobody acknowledge it; nil when it does not escalate.
    func outlook(ofGroup key: String, at now: Timestamp) -> EscalationOutlook? {
        escalations.outlook(ofGroup: key, at: now, current, acknowledged)
    }
}
