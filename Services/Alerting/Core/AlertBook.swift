package import Domain

/// All alerts, their groups, and what was told of them. No IO and no clock: alerts and times in, notices out.
package struct AlertBook: Sendable {
    /// One destination of a receiver: `team/slack/0`.
    package struct Destination: Hashable, Sendable {
        package let name: String
        package let sendResolved: Bool
        package init(name: String, sendResolved: Bool) {
            self.name = name
            self.sendResolved = sendResolved
        }
    }

    package struct Settings: Sendable {
        package var route: Route
        /// By the receiver's name.
        package var destinations: [String: [Destination]]
        package var resolveTimeout: Timestamp.Span

        package init(route: Route, destinations: [String: [Destination]], resolveTimeout: Timestamp.Span = .minutes(5))
        {
            self.route = route
            self.destinations = destinations
            self.resolveTimeout = resolveTimeout
        }
    }

    private struct Group {
        let match: Route.Match
        let labels: Labels
        var members: Set<String> = []
        var flushAt: Timestamp
    }

    private let settings: Settings
    private var alerts: [String: Alert] = [:]
    private var groups: [String: Group] = [:]
    private var told: [ToldKey: ToldEntry] = [:]

    package init(_ settings: Settings) { self.settings = settings }

    /// Alerts that fire, or have ended and are still to be told, by fingerprint.
    package var all: [Alert] { alerts.values.sorted { $0.fingerprint < $1.fingerprint } }

    package func alert(_ fingerprint: String) -> Alert? { alerts[fingerprint] }

    /// The names of the receivers an alert goes to.
    package func receivers(of labels: Labels) -> [String] { settings.route.matches(labels).map(\.route.receiver) }

    /// When the next group is due; nil when there is none.
    package var nextFlush: Timestamp? { groups.values.map(\.flushAt).min() }

    // MARK: - In

    /// Takes alerts in.
    ///
    /// - Returns: the alerts as they are now, for the books; what is repeated is among them with its new end.
    package mutating func receive(_ posted: [PostedAlert], at now: Timestamp) -> [Alert] {
        posted.map { posted in
            let newer = posted.alert(at: now, resolveTimeout: settings.resolveTimeout)
            let merged = alerts[newer.fingerprint]?.merged(with: newer) ?? newer
            enter(merged, at: now)
            return merged
        }
    }

    /// Takes back what was stored before a restart. What is known already is newer and stays.
    package mutating func restore(_ stored: [Alert], told entries: [(ToldKey, ToldEntry)], at now: Timestamp) {
        for (key, entry) in entries where told[key] == nil { told[key] = entry }
        for alert in stored where alerts[alert.fingerprint] == nil { enter(alert, at: now) }
    }

    /// What the books say was told, whoever told it.
    package mutating func note(_ entry: ToldEntry, for key: ToldKey) { told[key] = entry }

    private mutating func enter(_ alert: Alert, at now: Timestamp) {
        let fingerprint = alert.fingerprint
        alerts[fingerprint] = alert
        for match in settings.route.matches(alert.labels) {
            let labels = match.route.groupBy.map { alert.labels.only($0) } ?? alert.labels
            let key = "\(match.path):\(labels)"
            if groups[key] == nil {
                // What has fired for long already need not wait for its like.
                let late = alert.startsAt + match.route.groupWait < now
                groups[key] = Group(match: match, labels: labels, flushAt: late ? now : now + match.route.groupWait)
            }
            groups[key]?.members.insert(fingerprint)
        }
    }

    // MARK: - Out

    /// Does what is due: what is to be told, and what is to be remembered.
    package mutating func advance(to now: Timestamp) -> [Notice] {
        var notices: [Notice] = []
        for key in groups.keys.sorted() {
            guard let group = groups[key], group.flushAt <= now else { continue }
            notices += flush(key, group, at: now)
        }
        return notices
    }

    private mutating func flush(_ key: String, _ group: Group, at now: Timestamp) -> [Notice] {
        let members = group.members.sorted().compactMap { alerts[$0] }
        let resolved = members.filter { $0.isResolved(at: now) && $0.kind == .condition }
        let firing = members.filter { !$0.isResolved(at: now) }
        var notices: [Notice] = []
        for destination in settings.destinations[group.match.route.receiver] ?? [] {
            let toldKey = ToldKey(group: key, destination: destination.name)
            let entry = ToldEntry(
                firing: firing.map(\.fingerprint), resolved: resolved.map(\.fingerprint), at: now)
            let decision = NoticeDecision.decide(
                told: told[toldKey], firing: entry.firing, resolved: entry.resolved,
                repeatInterval: group.match.route.repeatInterval, sendResolved: destination.sendResolved, now: now)
            // Only occurrences have ended: nothing is resolved.
            let onlyEvents = firing.isEmpty && resolved.isEmpty
            switch decision {
            case .nothing: continue
            case .tell(let reason) where !onlyEvents:
                let shown = firing + (destination.sendResolved ? resolved : [])
                notices.append(
                    Notice(
                        key: toldKey, receiver: group.match.route.receiver, groupLabels: group.labels, alerts: shown,
                        entry: entry, reason: reason, at: now))
            case .tell, .remember:
                notices.append(
                    Notice(
                        key: toldKey, receiver: group.match.route.receiver, groupLabels: group.labels, alerts: [],
                        entry: entry, reason: nil, at: now))
            }
            told[toldKey] = entry
        }
        forget(key, members.filter { $0.isResolved(at: now) }.map(\.fingerprint), at: now)
        return notices
    }

    /// What has ended leaves the group after the round; an empty group goes too.
    private mutating func forget(_ key: String, _ ended: [String], at now: Timestamp) {
        groups[key]?.members.subtract(ended)
        if groups[key]?.members.isEmpty == true {
            groups[key] = nil
            // Told of nothing that fires is the same as never told.
            for destination in settings.destinations.values.joined() {
                let toldKey = ToldKey(group: key, destination: destination.name)
                if told[toldKey]?.firing.isEmpty == true { told[toldKey] = nil }
            }
        } else if let interval = groups[key]?.match.route.groupInterval {
            groups[key]?.flushAt = now + interval
        }
        for fingerprint in ended where !groups.values.contains(where: { $0.members.contains(fingerprint) }) {
            alerts[fingerprint] = nil
        }
    }
}

/// One group at one destination.
package struct ToldKey: Codable, Hashable, Sendable {
    package let group: String
    package let destination: String
    package init(group: String, destination: String) {
        self.group = group
        self.destination = destination
    }
}
