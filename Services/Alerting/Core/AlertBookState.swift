package import Domain

extension AlertBook {
    /// All that a book knows besides its settings, so that another can go on where it was.
    package struct State: Codable, Hashable, Sendable {
        /// By fingerprint; those that are over and in no group are kept so that a late word is merged.
        package var alerts: [Alert]
        package var groups: [Members]
        package var told: [Told]
        package var silences: [Silence]
        package var sweptAt: Timestamp

        /// A group with who is in it, sorted.
        package struct Members: Codable, Hashable, Sendable {
            package let timer: GroupTimer
            package let members: [Fingerprint]
        }

        /// What one destination was told of one group.
        package struct Told: Codable, Hashable, Sendable {
            package let key: ToldKey
            package let entry: ToldEntry
            package init(key: ToldKey, entry: ToldEntry) {
                self.key = key
                self.entry = entry
            }
        }
    }

    /// The same for the same book, whatever the order things came in.
    package func state(at now: Timestamp) -> State {
        let byName = Dictionary(groups.compactMap { group in group.map { ($0.name, $0.members) } }) { first, _ in first
        }
        return State(
            alerts: alerts.values.map(\.alert).sorted { $0.fingerprint < $1.fingerprint },
            groups: timers.map { State.Members(timer: $0, members: (byName[$0.name] ?? []).sorted()) },
            told: told.sorted { $0.key < $1.key }.map { State.Told(key: $0.key, entry: $0.value) },
            silences: silences.all(at: now), sweptAt: sweptAt)
    }

    /// The timers of all groups.
    package var timers: [GroupTimer] {
        var changes = GroupChanges()
        for group in groups { if let group { changes.changed(group.timer) } }
        return changes.timers
    }

    /// Goes on where another book was; this one should be new. Where its settings have no such route any more, the alerts of
    /// a group find others.
    package mutating func restore(_ state: State, at now: Timestamp) {
        silences.restore(state.silences)
        sweptAt = max(sweptAt, state.sweptAt)
        for entry in state.told { note(entry.entry, for: entry.key) }
        for alert in state.alerts where alerts[alert.fingerprint] == nil {
            alerts[alert.fingerprint] = Held(alert: alert)
            inhibitor.add(alert)
        }
        var homeless: Set<Fingerprint> = []
        for group in state.groups {
            guard let route = table.indexByID[group.timer.name.route] else {
                homeless.formUnion(group.members)
                continue
            }
            let slot = slots[group.timer.name] ?? open(group.timer.name, route, group.timer)
            for member in group.members where alerts[member] != nil { join(member, slot) }
        }
        for member in homeless.sorted() {
            if let alert = alerts[member]?.alert { enterGroups(alert, at: now) }
        }
    }

    /// Takes back what was stored before a restart, or by the instance that led until now. Of an alert or an entry that is
    /// known already the newer one stays; the timers of the books replace those of groups that exist.
    package mutating func restore(
        _ stored: [Alert], told entries: [(ToldKey, ToldEntry)], groups timers: [GroupTimer] = [], at now: Timestamp
    ) {
        for (key, entry) in entries { note(entry, for: key) }
        let byName = Dictionary(timers.map { ($0.name, $0) }) { _, last in last }
        for alert in stored where (alerts[alert.fingerprint]?.alert.updatedAt ?? .zero) <= alert.updatedAt {
            enter(alert, at: now, timers: byName)
        }
        for timer in timers { adopt(timer) }
        // The clock may have been set back meanwhile.
        pullTimers(to: now)
    }

    /// For an instance that notifies nobody, and follows one that does: what ended a while ago, and whose end no destination
    /// waits for, leaves its groups. Timers and what was told stay as they are.
    package mutating func forgetEnded(before limit: Timestamp) {
        for slot in groups.indices {
            guard var group = groups[slot] else { continue }
            let gone = group.members.filter { isOver($0, in: group, before: limit) }.sorted()
            guard !gone.isEmpty else { continue }
            group.members.subtract(gone)
            groups[slot] = group
            for fingerprint in gone { leave(fingerprint, slot) }
            if group.members.isEmpty { close(slot) }
        }
        sweep(at: limit)
    }

    /// Whether nobody waits for the end of an alert, or for an occurrence to be told.
    private func isOver(_ member: Fingerprint, in group: Group, before limit: Timestamp) -> Bool {
        guard let alert = alerts[member]?.alert, alert.endsAt <= limit else { return false }
        switch alert.kind {
        case .condition: return !isAwaited(member, in: group.key, group.route)
        case .event:
            return wasDealtWith(alert, group.name, group.route, isOld: true)
                || alert.updatedAt + settings.longestWait <= limit
        }
    }

    /// Whether some destination of a group takes an alert for firing: it waits for its end.
    func isAwaited(_ fingerprint: Fingerprint, in key: String, _ route: Int) -> Bool {
        settings.destinations[table[route].route.receiver, default: []].contains { destination in
            told[ToldKey(group: key, destination: destination.name)]?.firing.contains(fingerprint) == true
        }
    }
}
