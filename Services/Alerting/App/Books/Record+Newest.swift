import AlertingCore

extension Record {
    /// What records come to without those that later ones make needless: of each alert the newest word, of each group the
    /// newest timer. The others stay as they are, in their order.
    static func newest(_ records: [Record]) -> [Record] {
        var alerts: [Fingerprint: Alert] = [:]
        var ends: [Fingerprint: AlertEnd] = [:]
        var timers: [GroupName: GroupTimer?] = [:]
        var others: [Record] = []
        for record in records {
            switch record {
            case .alert(let alert), .heard(let alert):
                if let known = alerts[alert.fingerprint], known.updatedAt > alert.updatedAt { continue }
                alerts[alert.fingerprint] = alert
            case .end(let end):
                if let known = ends[end.fingerprint], known.updatedAt > end.updatedAt { continue }
                ends[end.fingerprint] = end
            case .groups(let changed, let gone):
                for timer in changed { timers[timer.name] = .some(timer) }
                for name in gone { timers[name] = .some(nil) }
            case .told, .notice, .message, .begun, .attempt, .silence, .incident, .acknowledgement, .audit:
                others.append(record)
            }
        }
        for (fingerprint, alert) in alerts {
            guard let end = ends.removeValue(forKey: fingerprint), end.updatedAt >= alert.updatedAt else { continue }
            alerts[fingerprint]?.take(end)
        }
        let groups = Record.groups(
            timers.values.compactMap(\.self), gone: timers.filter { $0.value == nil }.map(\.key))
        return alerts.keys.sorted().compactMap { alerts[$0].map { .alert($0) } }
            + ends.keys.sorted().compactMap { ends[$0].map { .end($0) } } + (timers.isEmpty ? [] : [groups]) + others
    }
}

extension Alert {
    /// It was heard of again.
    mutating func take(_ end: AlertEnd) {
        endsAt = end.endsAt
        endIsTimeout = end.endIsTimeout
        updatedAt = end.updatedAt
    }
}
