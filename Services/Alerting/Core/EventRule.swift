package import Domain

/// How occurrences are told: the first at once (after the route's group_wait), those of the same key that follow within
/// the cooldown together when it is over. None is told twice, none is ever "resolved", and none goes uncounted.
///
/// In the file (`plimsoll: events:`, a list): `matchers` (as in a route; none: all), `by` (list of labels that make the
/// key; default: the route's group_by), `cooldown` (default: the route's group_interval), `lasts` (how long it is listed
/// and inhibits others; default: resolve_timeout), `shown` (most that one notice lists; default 10).
package struct EventRule: Hashable, Sendable {
    package var matchers: [Matcher]
    package var by: [String]?
    package var cooldown: Timestamp.Span?
    package var lasts: Timestamp.Span?
    package var shown: Int

    package static let shownDefault = 10

    package init(
        matchers: [Matcher] = [], by: [String]? = nil, cooldown: Timestamp.Span? = nil, lasts: Timestamp.Span? = nil,
        shown: Int = EventRule.shownDefault
    ) {
        self.matchers = matchers
        self.by = by
        self.cooldown = cooldown
        self.lasts = lasts
        self.shown = shown
    }
}

extension AlertBook.Settings {
    func eventRule(_ labels: Labels) -> EventRule {
        eventRules.first { $0.matchers.match(labels) } ?? EventRule()
    }

    /// The longest that an occurrence may wait before it is told: for the end of a cooldown or of a mute time.
    package var longestWait: Timestamp.Span {
        func all(_ route: Route) -> [Route] { [route] + route.routes.flatMap(all) }
        let routes = all(route)
        if routes.contains(where: { !$0.muteIntervals.isEmpty || !$0.activeIntervals.isEmpty }) { return .days(5) }
        let waits = routes.map(\.groupInterval) + routes.map(\.groupWait) + eventRules.compactMap(\.cooldown)
        return Timestamp.Span(nanoseconds: waits.map(\.nanoseconds).max() ?? 0)
    }

    /// The labels that occurrences are put together by; nil: all.
    func keys(of event: Alert, _ route: Route) -> [String]? { eventRule(event.labels).by ?? route.groupBy }

    /// How long an alert without an end lives.
    func lifetime(of posted: PostedAlert) -> Timestamp.Span {
        posted.kind == .event ? eventRule(posted.labels).lasts ?? resolveTimeout : resolveTimeout
    }

    /// One alert out of what was known and what has come.
    func merged(_ known: Alert?, _ newer: Alert, at now: Timestamp) -> Alert {
        // An occurrence does not change.
        if newer.kind == .event { return known ?? newer }
        let merged = known?.merged(with: newer, at: now) ?? newer
        guard let rule = flapRules.first(where: { $0.matchers.match(newer.labels) }) else { return merged }
        return rule.damped(merged, after: known, newer, at: now)
    }
}

extension AlertBook {
    /// One round of occurrences of a key: those that came since the last are told together.
    mutating func flushEvents(_ group: Group, _ slot: Int, at now: Timestamp) -> [Notice] {
        let route = table[group.route].route
        let pending = group.members.compactMap { alerts[$0]?.alert }
            .sorted { $0.startsAt != $1.startsAt ? $0.startsAt < $1.startsAt : $0.fingerprint < $1.fingerprint }
        guard let newest = pending.last else {
            close(slot)
            return []
        }
        let rule = settings.eventRule(newest.labels)
        let next = GroupTimer(
            name: group.name, flushAt: now + (rule.cooldown ?? route.groupInterval), flushedAt: now, wait: .cooldown)
        // In a mute time they wait, for an occurrence does not come again to be told later.
        guard settings.muting(route, at: now).isEmpty else {
            finishRound(slot, done: [], next: next, closesWhenEmpty: false)
            return []
        }
        var notices: [Notice] = []
        for destination in settings.destinations[route.receiver] ?? [] {
            let notice = occurrences(pending, group, destination, shown: max(1, rule.shown), at: now)
            told[notice.key] = notice.entry
            notices.append(notice)
        }
        finishRound(slot, done: pending.map(\.fingerprint), next: next, closesWhenEmpty: false)
        return notices
    }

    private func occurrences(
        _ pending: [Alert], _ group: Group, _ destination: Destination, shown: Int, at now: Timestamp
    ) -> Notice {
        let route = table[group.route].route
        let key = ToldKey(group: group.key, destination: destination.name)
        let dealtWith = told[key]?.firing ?? []
        let fresh = pending.filter { !dealtWith.contains($0.fingerprint) && isAudible($0.labels, at: now) }
        // As long as a repeat of one may come, it is remembered. What a silence or another alert muted is done with too.
        let remembered = dealtWith.filter { alerts[$0] != nil } + pending.map(\.fingerprint)
        let lastEnd = remembered.compactMap { alerts[$0]?.alert.endsAt }.max() ?? now
        let entry = ToldEntry(
            firing: Set(remembered).sorted(), resolved: [], at: max(now, told[key]?.at ?? now),
            expiresAt: max(now, lastEnd) + .minutes(60))
        let reason: NoticeReason = group.wait == .cooldown ? .occurredSince : .occurred
        return Notice(
            key: key, receiver: route.receiver, groupLabels: group.name.labels, routeLabels: route.labels,
            alerts: fresh.suffix(shown), more: max(0, fresh.count - shown), entry: entry,
            reason: fresh.isEmpty ? nil : reason, at: now,
            fallback: fresh.isEmpty ? nil : [State.Told(key: key, entry: fallback(key, entry))])
    }

    /// How long after an occurrence came in a round may go without it: it was on its way to the books.
    private static let onItsWay = Timestamp.Span.minutes(30)

    /// Whether every destination was told of it, before a restart. What is remembered of a group is what came of late.
    ///
    /// - Parameter isOld: it comes from the books: a round long after it was taken in has told it, though nobody remembers.
    func wasDealtWith(_ event: Alert, _ name: GroupName, _ route: Int, isOld: Bool) -> Bool {
        guard !told.isEmpty, let destinations = settings.destinations[table[route].route.receiver],
            !destinations.isEmpty
        else { return false }
        let key = key(of: name, route)
        return destinations.allSatisfy {
            guard let entry = told[ToldKey(group: key, destination: $0.name)] else { return false }
            if entry.firing.contains(event.fingerprint) { return true }
            // What the last notice told reached nobody: it waits still.
            let age = entry.isOpen ? settings.longestWait : .seconds(0)
            return isOld && entry.at >= event.updatedAt + Self.onItsWay + age
        }
    }
}
