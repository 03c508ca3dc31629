package import Domain

/// Whether an alert can be heard, and what mutes it.
package struct AlertStatus: Hashable, Sendable {
    package enum State: String, Sendable {
        /// Not yet looked at.
        case unprocessed
        case active
        /// A silence or another alert mutes it.
        case suppressed
    }

    package let state: State
    /// Ids of silences, sorted.
    package let silencedBy: [String]
    package let inhibitedBy: [Fingerprint]

    package init(state: State, silencedBy: [String] = [], inhibitedBy: [Fingerprint] = []) {
        self.state = state
        self.silencedBy = silencedBy
        self.inhibitedBy = inhibitedBy
    }
}

/// An alert as people see it.
package struct AlertView: Hashable, Sendable {
    package let alert: Alert
    package let status: AlertStatus
    /// Sorted.
    package let receivers: [String]
    /// What inhibits it, what inhibits that, and so on to the first cause.
    package let causes: [Fingerprint]
}

/// A group as people see it.
package struct GroupView: Hashable, Sendable {
    package let name: GroupName
    /// `{}/{severity="critical"}:{alertname="Flap"}`.
    package let key: String
    package let receiver: String
    package let routeLabels: Labels
    /// Those that fire, in Alertmanager's order.
    package let alerts: [AlertView]
    /// Names of the time intervals that mute the whole group now.
    package let mutedBy: [String]
    /// When the group is looked at next, and what it waits for.
    package let flushAt: Timestamp
    package let wait: GroupWait
    /// What will be told when, should nothing change; nil when nothing will.
    package let next: NextNotice?

    /// The next notice of a group to any of its destinations.
    package struct NextNotice: Hashable, Sendable {
        package let at: Timestamp
        package let reason: NoticeReason
        package init(at: Timestamp, reason: NoticeReason) {
            self.at = at
            self.reason = reason
        }
    }
}

/// How many alerts are in which state.
package struct AlertCounts: Hashable, Sendable {
    package var firing = 0
    /// Of those that fire, muted by a silence or another alert.
    package var suppressed = 0
    /// Ended, and still in a group.
    package var resolved = 0
}

extension AlertBook {
    /// Whether a group with this key is there.
    package func hasGroup(_ key: String) -> Bool { groups.contains { $0?.key == key } }

    package func counts(at now: Timestamp) -> AlertCounts {
        var counts = AlertCounts()
        // A sum: any order gives the same.
        for held in alerts.values where !held.groups.isEmpty {
            if held.alert.isResolved(at: now) {
                counts.resolved += 1
            } else {
                counts.firing += 1
                if status(of: held.alert.labels, at: now).state == .suppressed { counts.suppressed += 1 }
            }
        }
        return counts
    }

    /// What mutes an alert with these labels.
    package func status(of labels: Labels, at now: Timestamp) -> AlertStatus {
        let silencedBy = silences.muting(labels, at: now)
        let inhibitedBy = inhibitor(of: labels, at: now).map { [$0] } ?? []
        return AlertStatus(
            state: silencedBy.isEmpty && inhibitedBy.isEmpty ? .active : .suppressed, silencedBy: silencedBy,
            inhibitedBy: inhibitedBy)
    }

    /// The alerts that fire, by fingerprint.
    ///
    /// - Parameter isWanted: asked before the status is worked out, which is the dear part.
    package func alertViews(at now: Timestamp, where isWanted: (Alert) -> Bool = { _ in true }) -> [AlertView] {
        alerts.values.filter { isListed($0, at: now) && isWanted($0.alert) }
            .sorted { $0.alert.fingerprint < $1.alert.fingerprint }
            .map { view($0, at: now) }
    }

    /// The groups with alerts that fire, by labels and receiver.
    ///
    /// - Parameter isWanted: the alerts to show; a group without any is left out.
    package func groupViews(
        at now: Timestamp, receiver: (String) -> Bool = { _ in true }, where isWanted: (Alert) -> Bool = { _ in true }
    ) -> [GroupView] {
        groups.compactMap(\.self).filter { receiver(table[$0.route].route.receiver) }
            .compactMap { view($0, at: now, where: isWanted) }
            .sorted { left, right in
                if left.name.labels != right.name.labels { return left.name.labels < right.name.labels }
                if left.receiver != right.receiver { return left.receiver.precedes(right.receiver) }
                return left.name.route.precedes(right.name.route)
            }
    }

    private func isListed(_ held: Held, at now: Timestamp) -> Bool {
        held.alert.isActive(at: now) && (held.alert.kind == .event || !held.groups.isEmpty)
    }

    private func view(_ held: Held, at now: Timestamp) -> AlertView {
        let status = status(of: held.alert.labels, at: now)
        var causes = status.inhibitedBy
        while let last = causes.last, let labels = alerts[last]?.alert.labels,
            let next = inhibitor(of: labels, at: now), !causes.contains(next), next != held.alert.fingerprint
        {
            causes.append(next)
        }
        return AlertView(
            alert: held.alert, status: status, receivers: receivers(of: held.alert.labels).sorted(), causes: causes)
    }

    private func view(_ group: Group, at now: Timestamp, where isWanted: (Alert) -> Bool) -> GroupView? {
        let members = group.members.sorted().compactMap { alerts[$0] }
        let firing = members.filter { !$0.alert.isResolved(at: now) && isWanted($0.alert) }
        guard !firing.isEmpty else { return nil }
        let views = Dictionary(firing.map { ($0.alert.fingerprint, view($0, at: now)) }) { first, _ in first }
        let sorted = GroupState(firing.map(\.alert), at: now).shown(sendResolved: false)
        let route = table[group.route].route
        return GroupView(
            name: group.name, key: group.key, receiver: route.receiver, routeLabels: route.labels,
            alerts: sorted.compactMap { views[$0.fingerprint] }, mutedBy: settings.muting(route, at: now),
            flushAt: group.flushAt, wait: group.wait, next: next(group, members.map(\.alert)))
    }

    /// The notice that the group's next rounds bring, if nothing else happens than time passing.
    private func next(_ group: Group, _ members: [Alert]) -> GroupView.NextNotice? {
        let state = GroupState(audible(members, group.route, at: group.flushAt), at: group.flushAt)
        guard !state.isEmpty else { return nil }
        if group.name.kind == .event {
            return GroupView.NextNotice(
                at: group.flushAt, reason: group.wait == .cooldown ? .occurredSince : .occurred)
        }
        let route = table[group.route].route
        let notices = (settings.destinations[route.receiver] ?? []).compactMap { destination -> GroupView.NextNotice? in
            let entry = told[ToldKey(group: group.key, destination: destination.name)]
            switch state.decision(told: entry, destination, route, at: group.flushAt) {
            case .tell(let reason): return GroupView.NextNotice(at: group.flushAt, reason: reason)
            case .remember: return nil
            case .nothing:
                guard let entry, !state.firing.isEmpty else { return nil }
                let missing = (entry.at + route.repeatInterval - group.flushAt).nanoseconds
                let interval = max(1, route.groupInterval.nanoseconds)
                let rounds = (missing + interval - 1) / interval
                return GroupView.NextNotice(
                    at: group.flushAt + Timestamp.Span(nanoseconds: rounds * interval), reason: .repeated)
            }
        }
        return notices.min { $0.at < $1.at }
    }
}
