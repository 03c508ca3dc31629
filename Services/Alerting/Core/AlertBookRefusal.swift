package import Domain

/// Notices that reached nobody. As in Alertmanager, what was not delivered does not count as told: the group's next round
/// tells it again.
extension AlertBook {
    /// What a destination knows still should the notice of an entry reach nobody. Where two notices in a row do not, some of
    /// it was never told either; then an end may be told that nobody asked for, and none is left out.
    func fallback(_ key: ToldKey, _ entry: ToldEntry) -> ToldEntry {
        let before = told[key]
        return ToldEntry(
            firing: before?.firing ?? [], resolved: before?.resolved ?? [], at: entry.at, expiresAt: entry.expiresAt,
            isOpen: true)
    }

    /// A notice reached nobody. Where nothing newer was told since, what was known before it counts again, and what left
    /// its group with it comes back.
    package mutating func takeBack(_ notice: Notice, at now: Timestamp) {
        let shown = Dictionary(notice.alerts.map { ($0.fingerprint, $0) }) { first, _ in first }
        for back in notice.fallback ?? [] where (told[back.key]?.at ?? back.entry.at) == back.entry.at {
            told[back.key] = back.entry
            for fingerprint in Set(back.entry.firing + notice.entry.firing + shown.keys).sorted() {
                guard let alert = alerts[fingerprint]?.alert ?? shown[fingerprint] else { continue }
                let wasKnown = back.entry.firing.contains(fingerprint)
                if alert.kind == .event ? !wasKnown : wasKnown && alert.isResolved(at: now) {
                    rejoin(alert, back.key.group, since: notice.at, at: now)
                }
            }
        }
    }

    /// Puts an alert back into its group, which is looked at no sooner than it would have been.
    private mutating func rejoin(_ alert: Alert, _ key: String, since flushedAt: Timestamp, at now: Timestamp) {
        for route in table.matches(alert.labels) {
            let name = groupName(of: alert, route)
            guard self.key(of: name, route) == key else { continue }
            if alerts[alert.fingerprint] == nil {
                alerts[alert.fingerprint] = Held(alert: alert)
                inhibitor.add(alert)
            }
            let next = GroupTimer(
                name: name, flushAt: max(now, flushedAt + table[route].route.groupInterval), flushedAt: flushedAt,
                wait: .groupInterval)
            join(alert.fingerprint, slots[name] ?? open(name, route, next))
        }
    }
}
