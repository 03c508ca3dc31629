package import Domain

/// The incidents that are open, and how far each has escalated. No IO and no clock.
///
/// An incident is a group that people were told of. Once each of its alerts is acknowledged no step is taken; when an
/// alert joins that is not, or an acknowledgement is taken back or has lapsed, the steps begin anew. What is muted does
/// not escalate. Whoever a step told hears of the end.
package struct EscalationBook: Sendable {
    package struct Settings: Sendable {
        package var chains: [EscalationChain]
        package var urgency: [UrgencyRule]
        package init(chains: [EscalationChain] = [], urgency: [UrgencyRule] = []) {
            self.chains = chains
            self.urgency = urgency
        }
    }

    /// What is to be done after a look.
    package struct Actions: Hashable, Sendable {
        package var notices: [Notice] = []
        /// Groups whose steps are not to be told any more, as far as they wait.
        package var stopped: [String] = []
    }

    /// Other settings count from the next look on; steps that were taken stay taken.
    package var settings: Settings
    /// By the group's key.
    private var incidents: [String: Incident] = [:]
    private var changed: Set<String> = []

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Sorted by the time they were opened.
    package var open: [Incident] {
        incidents.values.filter { $0.closedAt == nil }.sorted {
            $0.openedAt != $1.openedAt ? $0.openedAt < $1.openedAt : $0.id < $1.id
        }
    }

    /// The open incident of a group.
    package func incident(ofGroup key: String) -> Incident? {
        incidents[key].flatMap { $0.closedAt == nil ? $0 : nil }
    }

    // MARK: - In

    /// Takes in that people were told of alerts.
    package mutating func observe(_ notices: [Notice]) {
        guard !settings.chains.isEmpty else { return }
        for notice in notices where notice.reason != nil {
            observe(notice.key.group, notice.groupLabels, told: notice.firing, at: notice.at)
        }
    }

    /// Takes in that people were told of alerts of a group that fire.
    package mutating func observe(_ group: String, _ labels: Labels, told: [Alert], at now: Timestamp) {
        guard !told.isEmpty, !Incident.isStepGroup(group) else { return }
        let names = Set(told.map(\.fingerprint))
        if var incident = incident(ofGroup: group) {
            guard !names.isSubset(of: incident.alerts) else { return }
            incident.alerts = names.union(incident.alerts).sorted()
            put(incident, at: now)
        } else if told.contains(where: { mayEscalate($0, at: now) }) {
            // What no rule can ever escalate is not kept.
            put(Incident(group: group, labels: labels, alerts: names.sorted(), at: now), at: now)
        }
    }

    /// Goes on with incidents from the books, or of another instance. The version that was changed later stays.
    package mutating func restore(_ stored: [Incident]) {
        for incident in stored {
            if let known = incidents[incident.group], known.changedAt >= incident.changedAt { continue }
            incidents[incident.group] = incident
        }
        forgetClosed()
    }

    /// The incidents that changed since it was last asked, for the books; closed ones are among them once.
    package mutating func takeChanges() -> [Incident] {
        defer {
            changed = []
            forgetClosed()
        }
        return changed.sorted().compactMap { incidents[$0] }
    }

    private mutating func forgetClosed() {
        for (group, incident) in incidents where incident.closedAt != nil && !changed.contains(group) {
            incidents[group] = nil
        }
    }

    private mutating func put(_ incident: Incident, at now: Timestamp) {
        var incident = incident
        incident.changedAt = max(now, incident.changedAt)
        incidents[incident.group] = incident
        changed.insert(incident.group)
    }

    // MARK: - Steps

    /// Takes the steps that are due, each of an incident once, in the order of the groups' keys, and ends what is over.
    ///
    /// - Parameter isWanted: asked with the alerts of each incident and how urgent they are; one that is not wanted is
    ///   left as it is.
    package mutating func advance(
        to now: Timestamp, _ book: AlertBook, _ acknowledgements: AcknowledgementBook,
        where isWanted: ([Urgency]) -> Bool = { _ in true }
    ) -> Actions {
        var actions = Actions()
        for group in incidents.keys.sorted() {
            guard let incident = incident(ofGroup: group) else { continue }
            let scene = Scene(incident, book, acknowledgements, settings, at: now)
            guard !scene.isOver else {
                close(incident, book, at: now, &actions)
                continue
            }
            guard isWanted(scene.urgencies) else { continue }
            proceed(incident, scene, book, at: now, &actions)
        }
        return actions
    }

    private mutating func proceed(
        _ incident: Incident, _ scene: Scene, _ book: AlertBook, at now: Timestamp, _ actions: inout Actions
    ) {
        var incident = incident
        incident.alerts = scene.kept
        if scene.isAcknowledged, incident.acknowledgedAt == nil {
            incident.acknowledgedAt = now
            actions.stopped.append(incident.group)
        }
        if !scene.pending.isEmpty {
            if incident.acknowledgedAt != nil { incident.restart(at: now) }
            let audible = scene.pending.filter { book.mayBeTold($0, at: now) }
            if let step = scene.step(of: incident), step.at <= now, !audible.isEmpty {
                actions.notices += take(step, of: &incident, audible, book, at: now)
            }
        }
        if incident != incidents[incident.group] { put(incident, at: now) }
    }

    private func take(
        _ step: EscalationStep, of incident: inout Incident, _ alerts: [Alert], _ book: AlertBook, at now: Timestamp
    ) -> [Notice] {
        incident.stepsTaken += 1
        incident.steppedAt = now
        let told = Set(alerts.map(\.fingerprint))
        incident.told = incident.told.filter { !told.contains($0.fingerprint) } + alerts
        let identity = "\(incident.id)/\(incident.restarts)/\(incident.stepsTaken)"
        return step.receivers.flatMap { receiver in
            (book.settings.destinations[receiver] ?? []).map { destination in
                let place = Incident.Place(receiver: receiver, destination: destination.name)
                if !incident.places.contains(place), !book.willTellEnd(of: incident.group, to: destination) {
                    incident.places.append(place)
                }
                return notice(
                    of: incident, to: place, alerts, .escalated, at: now, note: step.because, identity: identity)
            }
        }
    }

    /// It is over: whoever steps told hears it, of conditions at least; occurrences have no end.
    private mutating func close(
        _ incident: Incident, _ book: AlertBook, at now: Timestamp, _ actions: inout Actions
    ) {
        var incident = incident
        incident.closedAt = now
        incident.alerts = []
        put(incident, at: now)
        actions.stopped.append(incident.group)
        let ended = incident.told.filter { $0.kind == .condition }.map { told in
            var alert = book.alert(told.fingerprint) ?? told
            alert.endsAt = min(alert.endsAt, now)
            return alert
        }
        guard !ended.isEmpty else { return }
        actions.notices += incident.places.map {
            notice(of: incident, to: $0, ended, .allResolved, at: now, note: nil, identity: "\(incident.id)/end")
        }
    }

    private func notice(
        of incident: Incident, to place: Incident.Place, _ alerts: [Alert], _ reason: NoticeReason, at now: Timestamp,
        note: String?, identity: String
    ) -> Notice {
        let state = GroupState(alerts, at: now)
        return Notice(
            key: ToldKey(group: Incident.stepGroup(incident.group), destination: place.destination),
            receiver: place.receiver, groupLabels: incident.groupLabels, alerts: state.shown(sendResolved: true),
            entry: ToldEntry(firing: state.firing, resolved: state.resolved, at: now, expiresAt: now + .days(5)),
            reason: reason, at: now, note: note, identity: identity)
    }

    // MARK: - Looking

    /// What comes next for the incident of a group; nil when it has none, or no chain is for it.
    package func outlook(
        ofGroup key: String, at now: Timestamp, _ book: AlertBook, _ acknowledgements: AcknowledgementBook
    ) -> EscalationOutlook? {
        guard let incident = incident(ofGroup: key) else { return nil }
        let scene = Scene(incident, book, acknowledgements, settings, at: now)
        guard !scene.isOver, let chain = scene.chain else { return nil }
        if scene.isAcknowledged {
            guard let last = scene.acknowledged.max(by: { $0.at < $1.at }) else { return nil }
            let until = chain.acknowledgedFor.flatMap { span in scene.acknowledged.map { $0.at + span }.min() }
            return .acknowledged(by: last.by, at: last.at, until: until)
        }
        var next = incident
        if incident.acknowledgedAt != nil { next.restart(at: now) }
        guard let step = scene.step(of: next) else { return .finished }
        return scene.pending.contains { book.mayBeTold($0, at: now) } ? .next(step) : .muted(step)
    }

    /// How urgent an alert is now.
    package func urgency(of alert: Alert, at now: Timestamp) -> Urgency { Urgency(alert, settings.urgency, at: now) }

    /// Whether a chain matches now, or may when time passes.
    private func mayEscalate(_ alert: Alert, at now: Timestamp) -> Bool {
        let labels = alert.labels(raisedTo: urgency(of: alert, at: now).severity)
        return settings.chains.contains { $0.matchers.match(labels) }
            || settings.urgency.contains { $0.dependsOnTime && $0.severity != nil && $0.matchers.match(alert.labels) }
    }
}

/// An incident as it is at one moment.
private struct Scene {
    /// Those that fire, and those whose end people do not know yet; sorted.
    let kept: [Fingerprint]
    /// By fingerprint.
    let firing: [Alert]
    let urgencies: [Urgency]
    let chain: EscalationChain?
    /// Those of `firing` that nobody has acknowledged, or not of late.
    let pending: [Alert]
    let acknowledged: [Acknowledgement]

    init(
        _ incident: Incident, _ book: AlertBook, _ acknowledgements: AcknowledgementBook,
        _ settings: EscalationBook.Settings, at now: Timestamp
    ) {
        let firing = incident.alerts.compactMap(book.alert).filter { $0.isActive(at: now) }
        kept =
            firing.count == incident.alerts.count
            ? incident.alerts : incident.alerts.filter { book.firesForPeople($0, in: incident.group, at: now) }
        let urgencies = firing.map { Urgency($0, settings.urgency, at: now) }
        let chain = settings.chains.first { chain in
            zip(firing, urgencies).contains { chain.matchers.match($0.labels(raisedTo: $1.severity)) }
        }
        var pending: [Alert] = []
        var acknowledged: [Acknowledgement] = []
        for alert in firing {
            if let word = acknowledgements.acknowledgement(of: alert, inGroup: incident.group),
                chain?.acknowledgedFor.map({ now < word.at + $0 }) ?? true
            {
                acknowledged.append(word)
            } else {
                pending.append(alert)
            }
        }
        self.firing = firing
        self.urgencies = urgencies
        self.chain = chain
        self.pending = pending
        self.acknowledged = acknowledged
    }

    var isOver: Bool { kept.isEmpty }
    var isAcknowledged: Bool { pending.isEmpty && !firing.isEmpty }

    /// The step that comes next.
    func step(of incident: Incident) -> EscalationStep? {
        guard let chain, let (step, wait) = chain.step(after: incident.stepsTaken) else { return nil }
        let percent = urgencies.map(\.waitsPercent).min() ?? 100
        let reasons = Set(urgencies.flatMap(\.reasons)).sorted()
        let urgent = reasons.isEmpty ? "" : " It is urgent: \(reasons.joined(separator: ", "))."
        return EscalationStep(
            chain: chain.name, number: incident.stepsTaken + 1,
            at: incident.steppedAt + Timestamp.Span(nanoseconds: wait.nanoseconds / 100 * Int64(percent)),
            receivers: step.receivers,
            because: "Step \(incident.stepsTaken + 1) of \(chain.name): nobody has acknowledged it since "
                + "\(incident.stepsTaken == 0 ? incident.openedAt : incident.steppedAt).\(urgent)")
    }
}

extension Alert {
    /// Its labels with another severity.
    fileprivate func labels(raisedTo severity: String) -> Labels {
        labels["severity"] == severity ? labels : labels.merging(Labels(["severity": severity]))
    }
}

extension AlertBook {
    /// Whether somebody may be told of an alert: neither a silence nor another alert mutes it, and not each of its routes
    /// is in a mute time.
    func mayBeTold(_ alert: Alert, at now: Timestamp) -> Bool {
        isAudible(alert.labels, at: now)
            && table.matches(alert.labels).contains { settings.muting(table[$0].route, at: now).isEmpty }
    }

    /// Whether an alert fires, or its end is still to be told: it may come back before that.
    fileprivate func firesForPeople(_ fingerprint: Fingerprint, in group: String, at now: Timestamp) -> Bool {
        guard let alert = alert(fingerprint) else { return false }
        guard !alert.isActive(at: now) else { return true }
        guard alert.kind == .condition, hasGroup(group) else { return false }
        return settings.destinations.values.contains { destinations in
            destinations.contains { destination in
                told[ToldKey(group: group, destination: destination.name)]?.firing.contains(fingerprint) == true
            }
        }
    }

    /// Whether the group itself tells a destination of its end.
    fileprivate func willTellEnd(of group: String, to destination: Destination) -> Bool {
        destination.sendResolved
            && told[ToldKey(group: group, destination: destination.name)]?.firing.isEmpty == false
    }

    /// The groups that some destination takes for firing, with those of their alerts that do.
    package func toldGroups(at now: Timestamp) -> [(group: String, labels: Labels, alerts: [Alert])] {
        var names: [String: Set<Fingerprint>] = [:]
        for (key, entry) in told where !entry.firing.isEmpty { names[key.group, default: []].formUnion(entry.firing) }
        let labels = Dictionary(groups.compactMap { $0.map { ($0.key, $0.name.labels) } }) { first, _ in first }
        return names.sorted { $0.key < $1.key }.compactMap { group, fingerprints in
            let firing = fingerprints.sorted().compactMap { alerts[$0]?.alert }.filter { $0.isActive(at: now) }
            return firing.isEmpty ? nil : (group, labels[group] ?? .none, firing)
        }
    }
}
