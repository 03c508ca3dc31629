package import Domain

/// The incidents that are open, and how far each has escalated. No IO and no clock.
///
/// An incident is a group that people were told of. Acknowledging it stops every step at once; an alert that joins the
/// group later is not acknowledged, so the steps begin anew. What is muted does not escalate.
package struct EscalationBook: Sendable {
    package struct Settings: Sendable {
        package var chains: [EscalationChain]
        package var urgency: [UrgencyRule]
        package init(chains: [EscalationChain] = [], urgency: [UrgencyRule] = []) {
            self.chains = chains
            self.urgency = urgency
        }
    }

    /// Other settings count from the next look on; steps that were taken stay taken.
    package var settings: Settings
    /// By the group's key.
    private var incidents: [String: Incident] = [:]
    private var changed: Set<String> = []
    private var closed: Set<String> = []

    package init(_ settings: Settings) { self.settings = settings }

    /// Sorted by the time they were opened.
    package var open: [Incident] {
        incidents.values.sorted { $0.openedAt != $1.openedAt ? $0.openedAt < $1.openedAt : $0.id < $1.id }
    }

    /// The incident of a group.
    package func incident(ofGroup key: String) -> Incident? { incidents[key] }

    /// Takes in what people know of a group after a round: the alerts that fire; none: it is over.
    package mutating func observe(_ group: String, _ groupLabels: Labels, firing: [Alert], at now: Timestamp) {
        let alerts = firing.sorted { $0.fingerprint < $1.fingerprint }
        guard !alerts.isEmpty else {
            if let gone = incidents.removeValue(forKey: group) {
                closed.insert(gone.id)
                changed.remove(group)
            }
            return
        }
        guard var incident = incidents[group] else {
            // What no rule can ever escalate is not kept.
            guard alerts.contains(where: { mayEscalate($0, at: now) }) else { return }
            let id = DerivedID.make("inc", group, String(now.nanoseconds))
            put(
                Incident(
                    id: id, group: group, groupLabels: groupLabels, openedAt: now, alerts: alerts, stepsTaken: 0,
                    steppedAt: now))
            return
        }
        guard incident.alerts != alerts else { return }
        let before = Set(incident.acknowledgement?.alerts ?? [])
        incident.alerts = alerts
        if incident.acknowledgement != nil, alerts.contains(where: { !before.contains($0.fingerprint) }) {
            incident.begin(at: now)
        }
        put(incident)
    }

    /// Stops an incident's steps. Doing it again changes nothing.
    ///
    /// - Returns: the incident, acknowledged by whoever was first.
    /// - Throws: `EscalationError.unknown`.
    package mutating func acknowledge(
        _ id: String, by person: String, at now: Timestamp
    ) throws(EscalationError) -> Incident {
        guard var incident = incidents.values.first(where: { $0.id == id }) else { throw .unknown(id) }
        if incident.acknowledgement == nil {
            incident.acknowledgement = Incident.Acknowledgement(
                by: person, at: now, alerts: incident.alerts.map(\.fingerprint))
            put(incident)
        }
        return incident
    }

    /// Takes the steps that are due, each of an incident once, in the order of the groups' keys.
    ///
    /// - Parameter isAudible: whether an alert is not muted now.
    package mutating func advance(to now: Timestamp, isAudible: (Alert) -> Bool) -> [EscalationNotice] {
        var notices: [EscalationNotice] = []
        for group in incidents.keys.sorted() {
            guard var incident = incidents[group] else { continue }
            if let lapses = lapse(incident, at: now), lapses <= now {
                incident.begin(at: lapses)
                put(incident)
            }
            guard let due = next(incident, at: now), due.at <= now else { continue }
            let audible = incident.alerts.filter(isAudible)
            guard !audible.isEmpty else { continue }
            incident.stepsTaken += 1
            incident.steppedAt = now
            put(incident)
            notices.append(
                EscalationNotice(
                    incident: incident.id, group: group, groupLabels: incident.groupLabels, chain: due.chain.name,
                    step: incident.stepsTaken, receivers: due.receivers, alerts: audible, reasons: due.reasons, at: now)
            )
        }
        return notices
    }

    /// When an incident's next step is due, who is told then, and by which chain; nil when there is none.
    package func next(
        _ incident: Incident, at now: Timestamp
    ) -> (at: Timestamp, receivers: [String], chain: EscalationChain, reasons: [String])? {
        guard incident.acknowledgement == nil else { return nil }
        let urgencies = incident.alerts.map { ($0, Urgency($0, settings.urgency, at: now)) }
        guard
            let chain = settings.chains.first(where: { chain in
                urgencies.contains { chain.matchers.match($0.labels(raisedTo: $1.severity)) }
            }), let (step, wait) = chain.step(after: incident.stepsTaken)
        else { return nil }
        let percent = urgencies.map(\.1.waitsPercent).min() ?? 100
        let shortened = Timestamp.Span(nanoseconds: wait.nanoseconds / 100 * Int64(percent))
        let reasons = Set(urgencies.flatMap(\.1.reasons)).sorted()
        return (incident.steppedAt + shortened, step.receivers, chain, reasons)
    }

    /// The incidents that changed and the ids of those that were closed since it was last asked, for the books.
    package mutating func takeChanges() -> (changed: [Incident], closed: [String]) {
        defer {
            changed = []
            closed = []
        }
        return (changed.sorted().compactMap { incidents[$0] }, closed.sorted())
    }

    /// Goes on with incidents from the books. One that is known already stays as it is.
    package mutating func restore(_ stored: [Incident]) {
        for incident in stored where incidents[incident.group] == nil { incidents[incident.group] = incident }
    }

    private mutating func put(_ incident: Incident) {
        incidents[incident.group] = incident
        changed.insert(incident.group)
    }

    /// When its acknowledgement ceases to hold.
    private func lapse(_ incident: Incident, at now: Timestamp) -> Timestamp? {
        guard let acknowledgement = incident.acknowledgement else { return nil }
        let labels = incident.alerts.map { $0.labels(raisedTo: Urgency($0, settings.urgency, at: now).severity) }
        let chain = settings.chains.first { chain in labels.contains { chain.matchers.match($0) } }
        return chain?.acknowledgedFor.map { acknowledgement.at + $0 }
    }

    /// Whether a chain matches now, or may when time passes.
    private func mayEscalate(_ alert: Alert, at now: Timestamp) -> Bool {
        let labels = alert.labels(raisedTo: Urgency(alert, settings.urgency, at: now).severity)
        return settings.chains.contains { $0.matchers.match(labels) }
            || settings.urgency.contains { $0.dependsOnTime && $0.severity != nil && $0.matchers.match(alert.labels) }
    }
}

extension Incident {
    /// The steps begin anew.
    mutating func begin(at now: Timestamp) {
        acknowledgement = nil
        stepsTaken = 0
        steppedAt = now
    }
}

extension Alert {
    /// Its labels with another severity.
    fileprivate func labels(raisedTo severity: String) -> Labels {
        labels["severity"] == severity ? labels : labels.merging(Labels(["severity": severity]))
    }
}
