package import Domain

extension AlertBook {
    /// All that a book knows besides its settings, so that another can go on where it was.
    package struct State: Codable, Hashable, Sendable {
        /// In groups.
        package var alerts: [Alert]
        /// In no group any more, kept so that a late word is merged.
        package var ended: [Alert]
        package var groups: [GroupTimer]
        package var told: [Told]
        package var silences: [Silence]

        /// What one destination was told of one group.
        package struct Told: Codable, Hashable, Sendable {
            package let key: ToldKey
            package let entry: ToldEntry
        }
    }

    /// The same for the same book, whatever the order things came in.
    package func state(at now: Timestamp) -> State {
        let held = alerts.values.sorted { $0.alert.fingerprint < $1.alert.fingerprint }
        return State(
            alerts: held.filter { !$0.groups.isEmpty }.map(\.alert),
            ended: held.filter(\.groups.isEmpty).map(\.alert), groups: timers,
            told: told.sorted { $0.key < $1.key }.map { State.Told(key: $0.key, entry: $0.value) },
            silences: silences.all(at: now))
    }

    /// The timers of all groups.
    package var timers: [GroupTimer] {
        var changes = GroupChanges()
        for group in groups { if let group { changes.changed(group.timer) } }
        return changes.timers
    }

    /// Goes on where another book was.
    package mutating func restore(_ state: State, at now: Timestamp) {
        silences.restore(state.silences)
        restore(state.alerts, told: state.told.map { ($0.key, $0.entry) }, groups: state.groups, at: now)
        for alert in state.ended where alerts[alert.fingerprint] == nil {
            alerts[alert.fingerprint] = Held(alert: alert)
            inhibitor.add(alert)
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
    }
}
