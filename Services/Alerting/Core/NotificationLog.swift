package import Domain

/// One group at one destination.
package struct ToldKey: Codable, Hashable, Comparable, Sendable {
    package let group: String
    package let destination: String
    package init(group: String, destination: String) {
        self.group = group
        self.destination = destination
    }

    package static func < (left: ToldKey, right: ToldKey) -> Bool {
        left.group != right.group ? left.group.precedes(right.group) : left.destination.precedes(right.destination)
    }
}

/// What one destination was last told of one group.
package struct ToldEntry: Codable, Hashable, Sendable {
    /// Sorted.
    package var firing: [Fingerprint]
    /// Sorted.
    package var resolved: [Fingerprint]
    package var at: Timestamp
    /// When it is forgotten, should the group be no more by then: after twice the repeat interval.
    package var expiresAt: Timestamp
    /// Absent in what earlier versions wrote.
    private var open: Bool?

    package init(
        firing: [Fingerprint], resolved: [Fingerprint], at: Timestamp, expiresAt: Timestamp, isOpen: Bool = false
    ) {
        self.firing = firing
        self.resolved = resolved
        self.at = at
        self.expiresAt = expiresAt
        open = isOpen ? true : nil
    }

    /// The notice of that time reached nobody: this is what was known before it, and the next round tells again.
    package var isOpen: Bool { open == true }

    /// The same, with ends to be told that the notice would have told.
    package func awaiting(_ ends: [Fingerprint]) -> ToldEntry {
        ToldEntry(
            firing: Set(firing + ends).sorted(), resolved: resolved.filter { !ends.contains($0) }, at: at,
            expiresAt: expiresAt, isOpen: isOpen)
    }
}

/// Why something is told; the first ones in Alertmanager's words.
package enum NoticeReason: String, Codable, Sendable {
    case first = "first notification"
    case newAlerts = "new alerts added"
    case allResolved = "all alerts resolved"
    case newResolved = "some alerts resolved"
    case repeated = "repeat interval elapsed"
    /// Of occurrences.
    case occurred = "it occurred"
    /// Occurrences since the last notice, told after the cooldown.
    case occurredSince = "more of its kind since the last notice"
    case escalated = "nobody has acknowledged it"
    /// Not of one group: many notices at once, in one message.
    case storm = "many at once, told together"
    /// Somebody asked for it.
    case resent = "sent again on demand"
    /// Nothing is wrong: somebody tries a channel.
    case test = "a test of the channel"
    /// It would be told over a dead channel only.
    case detour = "the channel it belongs to is dead"
}

/// What is to be done about one destination at a round.
enum NoticeDecision: Equatable {
    case tell(NoticeReason)
    /// Nobody is told, but it is to be remembered (resolved, to a destination that does not want to hear of it).
    case remember
    case nothing

    /// Compares what is with what was told. All lists are sorted.
    static func decide(
        told: ToldEntry?, firing: [Fingerprint], resolved: [Fingerprint], repeatInterval: Timestamp.Span,
        sendResolved: Bool, now: Timestamp
    ) -> NoticeDecision {
        guard let told else { return firing.isEmpty ? .nothing : .tell(.first) }
        if !isSubset(firing, of: told.firing) { return .tell(told.firing.isEmpty ? .first : .newAlerts) }
        if firing.isEmpty {
            if told.firing.isEmpty { return .nothing }
            return sendResolved ? .tell(.allResolved) : .remember
        }
        if sendResolved, !isSubset(resolved, of: told.resolved) { return .tell(.newResolved) }
        return told.isOpen || now - told.at >= repeatInterval ? .tell(.repeated) : .nothing
    }

    private static func isSubset(_ few: [Fingerprint], of many: [Fingerprint]) -> Bool {
        var rest = many[...]
        return few.allSatisfy { wanted in
            rest = rest.drop { $0 < wanted }
            return rest.first == wanted
        }
    }
}
