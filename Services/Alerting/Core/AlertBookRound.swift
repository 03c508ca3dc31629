package import Domain

extension AlertBook {
    /// One round of a group: what is not muted is compared with what each destination was told.
    mutating func flush(_ slot: Int, at now: Timestamp) -> [Notice] {
        guard let group = groups[slot] else { return [] }
        if group.name.kind == .event { return flushEvents(group, slot, at: now) }
        let members = group.members.compactMap { alerts[$0]?.alert }
        work.looked += members.count
        let state = GroupState(audible(members, group.route, at: now), at: now)
        var notices: [Notice] = []
        if !state.isEmpty {
            for destination in settings.destinations[table[group.route].route.receiver] ?? [] {
                if let notice = notice(group, state, destination, at: now) {
                    told[notice.key] = notice.entry
                    notices.append(notice)
                }
            }
        }
        let next = GroupTimer(
            name: group.name, flushAt: now + table[group.route].route.groupInterval, flushedAt: now,
            wait: .groupInterval)
        let ended = members.filter { $0.isResolved(at: now) }.map(\.fingerprint)
        finishRound(slot, done: ended, next: next, closesWhenEmpty: true)
        return notices
    }

    private func notice(
        _ group: Group, _ state: GroupState, _ destination: Destination, at now: Timestamp
    ) -> Notice? {
        let route = table[group.route].route
        let key = ToldKey(group: group.key, destination: destination.name)
        var reason: NoticeReason?
        switch state.decision(told: told[key], destination, route, at: now) {
        case .nothing: return nil
        case .remember: break
        case .tell(let why): reason = why
        }
        let entry = ToldEntry(
            firing: state.firing, resolved: state.resolved, at: max(now, told[key]?.at ?? now),
            expiresAt: now + route.repeatInterval + route.repeatInterval)
        return Notice(
            key: key, receiver: route.receiver, groupLabels: group.name.labels, routeLabels: route.labels,
            alerts: reason == nil ? [] : state.shown(sendResolved: destination.sendResolved), entry: entry,
            reason: reason, at: now,
            fallback: reason == nil ? nil : [State.Told(key: key, entry: fallback(key, entry))])
    }

    /// Those that neither a time interval, another alert nor a silence mutes.
    func audible(_ members: [Alert], _ route: Int, at now: Timestamp) -> [Alert] {
        guard settings.muting(table[route].route, at: now).isEmpty else { return [] }
        return members.filter { isAudible($0.labels, at: now) }
    }

    /// Whether neither another alert nor a silence mutes it.
    package func isAudible(_ labels: Labels, at now: Timestamp) -> Bool {
        inhibitor(of: labels, at: now) == nil && silences.muting(labels, at: now).isEmpty
    }

    func inhibitor(of labels: Labels, at now: Timestamp) -> Fingerprint? {
        inhibitor.isEmpty ? nil : inhibitor.inhibitor(of: labels, at: now) { alerts[$0]?.alert }
    }
}

/// What a group looks like at a round, muted alerts left out.
struct GroupState {
    private let alerts: [Alert]
    private let now: Timestamp
    /// Sorted.
    let firing: [Fingerprint]
    /// Sorted.
    let resolved: [Fingerprint]

    init(_ alerts: [Alert], at now: Timestamp) {
        self.alerts = alerts
        self.now = now
        firing = alerts.filter { !$0.isResolved(at: now) }.map(\.fingerprint).sorted()
        resolved = alerts.filter { $0.isResolved(at: now) }.map(\.fingerprint).sorted()
    }

    var isEmpty: Bool { alerts.isEmpty }

    func decision(
        told: ToldEntry?, _ destination: AlertBook.Destination, _ route: Route, at time: Timestamp
    ) -> NoticeDecision {
        NoticeDecision.decide(
            told: told, firing: firing, resolved: resolved, repeatInterval: route.repeatInterval,
            sendResolved: destination.sendResolved, now: time)
    }

    /// The alerts of a notice, in Alertmanager's order: by job, instance, then all labels.
    func shown(sendResolved: Bool) -> [Alert] {
        alerts.filter { sendResolved || !$0.isResolved(at: now) }.sorted { left, right in
            for name in ["job", "instance"] where left.labels[name] != right.labels[name] {
                // Those without the label come last.
                if left.labels[name].isEmpty { return false }
                if right.labels[name].isEmpty { return true }
                return left.labels[name].precedes(right.labels[name])
            }
            return left.labels < right.labels
        }
    }
}
