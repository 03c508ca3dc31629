import AlertingCore
import Domain

/// The rules of grouping and telling written down as plainly as can be, for comparison: lists are searched, nothing is
/// cached, every group is looked at every time.
struct SlowBook {
    struct Group {
        let route: Route
        /// The matchers of all routes above and of this one.
        let path: String
        let place: Int
        let labels: Labels
        var members: [Labels] = []
        var flushAt: Timestamp
        var hasFlushed = false
    }

    struct Told {
        let key: ToldKey
        var firing: Set<String>
        var resolved: Set<String>
        var at: Timestamp
    }

    let settings: AlertBook.Settings
    var alerts: [Alert] = []
    var groups: [Group] = []
    var told: [Told] = []
    var silences: [Silence] = []

    init(_ settings: AlertBook.Settings) { self.settings = settings }

    mutating func receive(_ posted: PostedAlert, at now: Timestamp) {
        var alert = Alert(
            labels: posted.labels, annotations: posted.annotations, startsAt: posted.startsAt ?? posted.endsAt ?? now,
            endsAt: posted.endsAt ?? now + settings.resolveTimeout, updatedAt: now, endIsTimeout: posted.endsAt == nil,
            generatorURL: posted.generatorURL, kind: posted.kind)
        if let old = alerts.first(where: { $0.labels == alert.labels }) {
            let endsInside = old.startsAt < alert.endsAt && alert.endsAt < old.endsAt
            let startsInside = old.startsAt < alert.startsAt && alert.startsAt < old.endsAt
            if endsInside || startsInside {
                alert.startsAt = min(alert.startsAt, old.startsAt)
                let bothOver = alert.endsAt <= now && old.endsAt <= now
                let saidLater = alert.endsAt > now && !old.endIsTimeout
                if old.endsAt > alert.endsAt, bothOver || saidLater { alert.endsAt = old.endsAt }
            }
        }
        alerts.removeAll { $0.labels == alert.labels }
        alerts.append(alert)
        for (route, path, place) in routes(settings.route, "", alert.labels) {
            let labels = Labels(
                alert.labels.dictionary.filter { name, _ in route.groupBy?.contains(name) ?? true })
            let isLate = alert.startsAt + route.groupWait < now
            if let index = groups.firstIndex(where: { $0.place == place && $0.labels == labels }) {
                if !groups[index].members.contains(alert.labels) { groups[index].members.append(alert.labels) }
                if isLate, !groups[index].hasFlushed { groups[index].flushAt = min(groups[index].flushAt, now) }
            } else {
                groups.append(
                    Group(
                        route: route, path: path, place: place, labels: labels, members: [alert.labels],
                        flushAt: isLate ? now : now + route.groupWait))
            }
        }
    }

    /// Numbered in the order of the tree, children first.
    private func routes(_ root: Route, _ path: String, _ labels: Labels) -> [(Route, String, Int)] {
        var number = -1
        func walk(_ route: Route, _ above: String, _ isTried: Bool) -> [(Route, String, Int)] {
            let path = above.isEmpty ? route.matchers.text : above + "/" + route.matchers.text
            let holds = isTried && route.matchers.allSatisfy { $0.matches(labels) }
            var found: [(Route, String, Int)] = []
            var isOpen = holds
            for child in route.routes {
                let deeper = walk(child, path, isOpen)
                found += deeper
                if !deeper.isEmpty, !child.goesOn { isOpen = false }
            }
            number += 1
            return holds && found.isEmpty ? [(route, path, number)] : found
        }
        return walk(root, "", true)
    }

    mutating func advance(to now: Timestamp) -> [String] {
        var said: [String] = []
        let ready = groups.filter { $0.flushAt <= now }.sorted { left, right in
            let names = (key(left), key(right))
            return names.0 != names.1 ? names.0 < names.1 : left.place < right.place
        }
        for group in ready { said += round(group, at: now) }
        return said
    }

    private func key(_ group: Group) -> String { "\(group.path):\(group.labels)" }

    private mutating func round(_ group: Group, at now: Timestamp) -> [String] {
        let members = alerts.filter { group.members.contains($0.labels) }
        let heard = isMuted(group.route, at: now) ? [] : members.filter { isHeard($0, at: now) }
        let firing = Set(heard.filter { $0.endsAt > now }.map(\.labels.description))
        let resolved = Set(heard.filter { $0.endsAt <= now }.map(\.labels.description))
        var said: [String] = []
        for destination in settings.destinations[group.route.receiver] ?? [] where !heard.isEmpty {
            let key = ToldKey(group: key(group), destination: destination.name)
            let old = told.first { $0.key == key }
            guard let reason = reason(old, firing, resolved, destination, group.route, at: now) else { continue }
            told.removeAll { $0.key == key }
            told.append(Told(key: key, firing: firing, resolved: resolved, at: now))
            if reason == .allResolved, !destination.sendResolved { continue }
            said.append(
                "\(key.group) \(key.destination) \(reason) +\(firing.sorted()) -\(destination.sendResolved ? resolved.sorted() : [])"
            )
        }
        guard let index = groups.firstIndex(where: { $0.place == group.place && $0.labels == group.labels }) else {
            return said
        }
        groups[index].flushAt = now + group.route.groupInterval
        groups[index].hasFlushed = true
        groups[index].members.removeAll { labels in members.contains { $0.labels == labels && $0.endsAt <= now } }
        if groups[index].members.isEmpty {
            groups.remove(at: index)
            let name = key(group)
            told.removeAll { $0.key.group == name && $0.firing.isEmpty }
        }
        return said
    }

    private func reason(
        _ old: Told?, _ firing: Set<String>, _ resolved: Set<String>, _ destination: AlertBook.Destination,
        _ route: Route, at now: Timestamp
    ) -> NoticeReason? {
        guard let old else { return firing.isEmpty ? nil : .first }
        if !firing.subtracting(old.firing).isEmpty { return old.firing.isEmpty ? .first : .newAlerts }
        if firing.isEmpty { return old.firing.isEmpty ? nil : .allResolved }
        if destination.sendResolved, !resolved.subtracting(old.resolved).isEmpty { return .newResolved }
        return old.at + route.repeatInterval <= now ? .repeated : nil
    }

    private func isMuted(_ route: Route, at now: Timestamp) -> Bool {
        func holds(_ name: String) -> Bool { (settings.intervals[name] ?? []).contains { $0.contains(now) } }
        return route.muteIntervals.contains(where: holds)
            || (!route.activeIntervals.isEmpty && !route.activeIntervals.contains(where: holds))
    }

    private func isHeard(_ alert: Alert, at now: Timestamp) -> Bool {
        let isSilenced = silences.contains { silence in
            silence.startsAt <= now && now <= silence.endsAt && silence.matchers.allSatisfy { $0.matches(alert.labels) }
        }
        return !isSilenced
            && !settings.inhibitRules.contains { rule in
                guard rule.target.allSatisfy({ $0.matches(alert.labels) }) else { return false }
                let isSource = rule.source.allSatisfy { $0.matches(alert.labels) }
                return alerts.contains { other in
                    other.endsAt > now && rule.source.allSatisfy { $0.matches(other.labels) }
                        && rule.equal.allSatisfy { other.labels[$0] == alert.labels[$0] }
                        && !(isSource && rule.target.allSatisfy { $0.matches(other.labels) })
                }
            }
    }
}
