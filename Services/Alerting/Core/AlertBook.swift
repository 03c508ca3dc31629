package import Domain

/// All alerts, their groups, what mutes them, and what was told of them. No IO and no clock: alerts and times in,
/// notices out.
///
/// The timing is Alertmanager's: a new group waits, news of a group wait for its next round, an unchanged group is told
/// again on the first round after its repeat interval. Taking an alert in costs the same however many there are; a round
/// costs what the groups cost that are due.
package struct AlertBook: Sendable {
    /// An alert, and the groups it is in.
    struct Held: Sendable {
        var alert: Alert
        /// Slots of `groups`.
        var groups: [Int] = []
        /// It is in every group that it belongs to.
        var isPlaced = false
    }

    struct Group: Sendable {
        let name: GroupName
        /// Index in the table of routes.
        let route: Int
        /// Alertmanager's name of it: `{}/{severity="critical"}:{alertname="Flap"}`.
        let key: String
        var members: Set<Fingerprint> = []
        var flushAt: Timestamp
        var flushedAt: Timestamp?
        var wait: GroupWait
    }

    package internal(set) var settings: Settings
    /// What mutes alerts for a time.
    package var silences = SilenceBook()
    var table: RouteTable
    var inhibitor: Inhibitor
    var alerts: [Fingerprint: Held] = [:]
    var groups: [Group?] = []
    var freeSlots: [Int] = []
    var slots: [GroupName: Int] = [:]
    var due = DueHeap()
    var told: [ToldKey: ToldEntry] = [:]
    private var changes = GroupChanges()
    var sweptAt = Timestamp.zero
    /// When the last round was; later than now: the clock was set back.
    private var advancedAt = Timestamp.zero
    /// What it has done so far, counted.
    package internal(set) var work = Work()

    /// How often what is no longer needed is looked for.
    private static let sweepInterval = Timestamp.Span.minutes(15)
    /// How long an alert that has ended is remembered, so that a late word of it is merged.
    private static let endedRetention = Timestamp.Span.minutes(30)

    package init(_ settings: Settings) {
        self.settings = settings
        table = RouteTable(settings.route)
        inhibitor = Inhibitor(settings.inhibitRules)
    }

    /// Alerts that fire, or have ended and are still to be told, by fingerprint.
    package var all: [Alert] {
        alerts.values.filter { !$0.groups.isEmpty }.map(\.alert).sorted { $0.fingerprint < $1.fingerprint }
    }

    package func alert(_ fingerprint: Fingerprint) -> Alert? { alerts[fingerprint]?.alert }

    /// The names of the receivers an alert goes to.
    package func receivers(of labels: Labels) -> [String] { table.matches(labels).map { table[$0].route.receiver } }

    /// When the next group is due; nil when there is none. Between rounds it may be early, after one it is exact.
    package var nextFlush: Timestamp? { due.first?.at }

    // MARK: - In

    /// What alerts become when they are taken in; nothing is changed yet, so that they can be kept first.
    package func prepared(_ posted: [PostedAlert], at now: Timestamp) -> [Alert] {
        var fresh: [Fingerprint: Alert] = [:]
        return posted.map { posted in
            let newer = posted.alert(at: now, resolveTimeout: settings.lifetime(of: posted))
            let known = fresh[newer.fingerprint] ?? alerts[newer.fingerprint]?.alert
            var merged = settings.merged(known, newer, at: now)
            // A clock that was set back makes no word older than those before it.
            merged.updatedAt = max(merged.updatedAt, known?.updatedAt ?? .zero)
            fresh[newer.fingerprint] = merged
            return merged
        }
    }

    /// Takes in what was prepared, or what another instance took in. What is older than what is known is left out.
    package mutating func take(_ prepared: [Alert], at now: Timestamp) {
        for alert in prepared where (alerts[alert.fingerprint]?.alert.updatedAt ?? .zero) <= alert.updatedAt {
            enter(alert, at: now)
        }
    }

    /// Takes alerts in.
    ///
    /// - Returns: the alerts as they are now, for the books; what is repeated is among them with its new end.
    package mutating func receive(_ posted: [PostedAlert], at now: Timestamp) -> [Alert] {
        let alerts = prepared(posted, at: now)
        take(alerts, at: now)
        return alerts
    }

    /// What the books say was told, whoever told it.
    package mutating func note(_ entry: ToldEntry, for key: ToldKey) {
        if let known = told[key], known.at > entry.at { return }
        told[key] = entry
    }

    /// The groups whose timers have changed since it was last asked, for the books.
    package mutating func takeGroupChanges() -> GroupChanges {
        defer { changes = GroupChanges() }
        return changes
    }

    /// - Parameter timers: of the books, where it comes from there; nil: it is news.
    mutating func enter(_ alert: Alert, at now: Timestamp, timers: [GroupName: GroupTimer]? = nil) {
        let fingerprint = alert.fingerprint
        work.entered += 1
        if alerts[fingerprint] == nil {
            alerts[fingerprint] = Held(alert: alert)
            inhibitor.add(alert)
        } else {
            alerts[fingerprint]?.alert = alert
            // An occurrence that is known is no news.
            if alert.kind == .event { return }
            if let held = alerts[fingerprint], held.isPlaced {
                for slot in held.groups { hasten(slot, alert, at: now) }
                return
            }
        }
        enterGroups(alert, at: now, timers: timers)
    }

    mutating func enterGroups(_ alert: Alert, at now: Timestamp, timers: [GroupName: GroupTimer]? = nil) {
        work.routed += 1
        for route in table.matches(alert.labels) { place(alert, route, at: now, timers) }
        alerts[alert.fingerprint]?.isPlaced = true
    }

    /// The group of a route that an alert belongs to.
    func groupName(of alert: Alert, _ route: Int) -> GroupName {
        let groupBy = alert.kind == .event ? settings.keys(of: alert, table[route].route) : table[route].route.groupBy
        let labels = groupBy.map { alert.labels.only($0) } ?? alert.labels
        return GroupName(route: table[route].id, labels: labels, kind: alert.kind)
    }

    private mutating func place(_ alert: Alert, _ route: Int, at now: Timestamp, _ timers: [GroupName: GroupTimer]?) {
        let name = groupName(of: alert, route)
        let timer = timers?[name]
        if let flushedAt = timer?.flushedAt, isSettled(alert, in: key(of: name, route), route, at: flushedAt) { return }
        if alert.kind == .event, wasDealtWith(alert, name, route, isOld: timers != nil) { return }
        let slot = slots[name] ?? open(name, route, timer ?? newTimer(name, route, first: alert, at: now))
        join(alert.fingerprint, slot)
        hasten(slot, alert, at: now)
    }

    /// What has fired for long already need not wait for its like.
    private mutating func hasten(_ slot: Int, _ alert: Alert, at now: Timestamp) {
        guard let route = groups[slot]?.route, groups[slot]?.flushedAt == nil, let flushAt = groups[slot]?.flushAt,
            flushAt > now, alert.startsAt + table[route].route.groupWait < now
        else { return }
        groups[slot]?.flushAt = now
        groups[slot]?.wait = .none
        due.push(now, slot)
        if let timer = groups[slot]?.timer { changes.changed(timer) }
    }

    mutating func join(_ fingerprint: Fingerprint, _ slot: Int) {
        if groups[slot]?.members.insert(fingerprint).inserted == true { alerts[fingerprint]?.groups.append(slot) }
    }

    private func newTimer(_ name: GroupName, _ route: Int, first: Alert, at now: Timestamp) -> GroupTimer {
        let groupWait = table[route].route.groupWait
        let isLate = first.startsAt + groupWait < now
        return GroupTimer(
            name: name, flushAt: isLate ? now : now + groupWait, flushedAt: nil, wait: isLate ? .none : .groupWait)
    }

    mutating func open(_ name: GroupName, _ route: Int, _ timer: GroupTimer) -> Int {
        let group = Group(
            name: name, route: route, key: key(of: name, route), flushAt: timer.flushAt, flushedAt: timer.flushedAt,
            wait: timer.wait)
        let slot = freeSlots.popLast() ?? groups.count
        if slot == groups.count { groups.append(group) } else { groups[slot] = group }
        slots[name] = slot
        due.push(group.flushAt, slot)
        changes.changed(group.timer)
        return slot
    }

    /// The name that destinations know a group by.
    func key(of name: GroupName, _ route: Int) -> String {
        BoundedKey.make("\(table[route].key):\(name.labels)" + (name.kind == .event ? ":events" : ""))
    }

    // MARK: - Out

    /// Does what is due: what is to be told, and what is to be remembered.
    ///
    /// - Parameter isWanted: asked with the alerts of each group that is due; a group that is not wanted stays due.
    package mutating func advance(to now: Timestamp, where isWanted: ([Alert]) -> Bool = { _ in true }) -> [Notice] {
        if now < advancedAt { pullTimers(to: now) }
        advancedAt = now
        var ready: [(key: String, route: Int, slot: Int)] = []
        var left: [(Timestamp, Int)] = []
        while let (at, slot) = due.pop(upTo: now) {
            work.taken += 1
            // Only the newest entry of a group counts.
            guard let group = groups[slot], group.flushAt == at else { continue }
            if isWanted(group.members.compactMap { alerts[$0]?.alert }) {
                ready.append((group.key, group.route, slot))
            } else {
                left.append((at, slot))
            }
        }
        for (at, slot) in left { due.push(at, slot) }
        ready.sort { $0.key != $1.key ? $0.key.precedes($1.key) : $0.route < $1.route }
        var notices: [Notice] = []
        for entry in ready where groups[entry.slot]?.flushAt ?? now + .seconds(1) <= now {
            notices += flush(entry.slot, at: now)
        }
        sweep(at: now)
        dropStale()
        return notices
    }

    /// The clock was set back: no group waits for longer than its interval.
    mutating func pullTimers(to now: Timestamp) {
        for slot in groups.indices {
            guard var group = groups[slot] else { continue }
            let latest = now + longestWait(of: group)
            let flushedAt = group.flushedAt.map { min($0, now) }
            guard group.flushAt > latest || group.flushedAt != flushedAt else { continue }
            group.flushAt = min(group.flushAt, latest)
            group.flushedAt = flushedAt
            groups[slot] = group
            due.push(group.flushAt, slot)
            changes.changed(group.timer)
        }
        sweptAt = min(sweptAt, now)
    }

    private func longestWait(of group: Group) -> Timestamp.Span {
        let route = table[group.route].route
        switch group.wait {
        case .none, .groupWait: return route.groupWait
        case .groupInterval: return route.groupInterval
        case .cooldown:
            // Which rule its occurrences follow is not known while none waits.
            return settings.eventRules.compactMap(\.cooldown).reduce(route.groupInterval, max)
        }
    }

    /// What a group's change left at the front of the heap would wake the caller for nothing.
    private mutating func dropStale() {
        while let (at, slot) = due.first, groups[slot]?.flushAt != at { _ = due.pop(upTo: at) }
    }

    /// After a round: what is done with leaves the group, and the next round is set, or the group is no more.
    mutating func finishRound(_ slot: Int, done: [Fingerprint], next: GroupTimer, closesWhenEmpty: Bool) {
        guard var group = groups[slot] else { return }
        // Taken out for the change, so that the set is not copied.
        groups[slot] = nil
        group.members.subtract(done)
        group.flushedAt = next.flushedAt
        group.flushAt = next.flushAt
        group.wait = next.wait
        groups[slot] = group
        for fingerprint in done { leave(fingerprint, slot) }
        work.left += done.count
        if group.members.isEmpty, closesWhenEmpty {
            close(slot)
        } else {
            due.push(group.flushAt, slot)
            changes.changed(next)
        }
    }

    mutating func leave(_ fingerprint: Fingerprint, _ slot: Int) {
        alerts[fingerprint]?.groups.removeAll { $0 == slot }
        alerts[fingerprint]?.isPlaced = false
    }

    /// A group without members is no more.
    mutating func close(_ slot: Int) {
        guard let group = groups[slot] else { return }
        groups[slot] = nil
        slots[group.name] = nil
        freeSlots.append(slot)
        changes.closed(group.name)
        // Told of nothing that fires is the same as never told.
        for destination in settings.destinations[table[group.route].route.receiver] ?? [] {
            let key = ToldKey(group: group.key, destination: destination.name)
            if told[key]?.firing.isEmpty == true { told[key] = nil }
        }
    }

    /// Forgets what nobody needs: alerts that ended long ago, entries of groups that are no more.
    mutating func sweep(at now: Timestamp) {
        guard now >= sweptAt + Self.sweepInterval else { return }
        sweptAt = now
        work.swept += alerts.count + told.count
        let gone = alerts.filter { $0.value.groups.isEmpty && $0.value.alert.endsAt + Self.endedRetention <= now }
        for (fingerprint, held) in gone {
            alerts[fingerprint] = nil
            inhibitor.remove(held.alert)
        }
        let live = Set(groups.compactMap { $0?.key })
        told = told.filter { $0.value.expiresAt > now || live.contains($0.key.group) }
    }

    // MARK: - Settings, timers

    /// Other settings: alerts, silences and what was told stay, the groups are made anew, as after a reload of
    /// Alertmanager's file.
    package mutating func replace(_ settings: Settings, at now: Timestamp) {
        let members = alerts.values.filter { !$0.groups.isEmpty }.map(\.alert).sorted {
            $0.fingerprint < $1.fingerprint
        }
        for group in groups { if let group { changes.closed(group.name) } }
        self.settings = settings
        table = RouteTable(settings.route)
        inhibitor = Inhibitor(settings.inhibitRules)
        groups = []
        freeSlots = []
        slots = [:]
        due = DueHeap()
        // Each by itself: the order does not matter.
        for fingerprint in alerts.keys.sorted() {
            alerts[fingerprint]?.groups = []
            alerts[fingerprint]?.isPlaced = false
            if let alert = alerts[fingerprint]?.alert { inhibitor.add(alert) }
        }
        for alert in members { enterGroups(alert, at: now) }
    }

    /// Takes over the timer of a group from the books: what ended before its last round leaves it.
    mutating func adopt(_ timer: GroupTimer) {
        if timer.name.kind == .event, slots[timer.name] == nil, let route = table.indexByID[timer.name.route] {
            // A cooldown goes on though nothing waits.
            _ = open(timer.name, route, timer)
            return
        }
        guard let slot = slots[timer.name], var group = groups[slot] else { return }
        group.flushAt = timer.flushAt
        group.flushedAt = timer.flushedAt
        group.wait = timer.wait
        if let flushedAt = timer.flushedAt {
            let ended = group.members.filter { member in
                alerts[member].map { isSettled($0.alert, in: group.key, group.route, at: flushedAt) } == true
            }.sorted()
            group.members.subtract(ended)
            for fingerprint in ended { leave(fingerprint, slot) }
        }
        groups[slot] = group
        if group.members.isEmpty, timer.name.kind == .condition { close(slot) } else { due.push(group.flushAt, slot) }
    }

    /// Whether a round at this time has dealt with an end. One that was on its way to the books meanwhile is older than the
    /// round and was not told in it: a destination that was told of the alert still waits for its end.
    private func isSettled(_ alert: Alert, in key: String, _ route: Int, at flushedAt: Timestamp) -> Bool {
        alert.kind == .condition && alert.endsAt <= flushedAt && alert.updatedAt <= flushedAt
            && !isAwaited(alert.fingerprint, in: key, route)
    }
}
