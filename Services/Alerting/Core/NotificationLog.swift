package import Domain

/// What one destination was last told of one group.
package struct ToldEntry: Codable, Hashable, Sendable {
    /// Fingerprints, sorted.
    package var firing: [String]
    package var resolved: [String]
    package var at: Timestamp

    package init(firing: [String], resolved: [String], at: Timestamp) {
        self.firing = firing
        self.resolved = resolved
        self.at = at
    }
}

/// Why something is told.
package enum NoticeReason: String, Codable, Sendable {
    case first = "first notification"
    case newAlerts = "new alerts in the group"
    case allResolved = "all alerts of the group are resolved"
    case newResolved = "more alerts are resolved"
    case repeated = "repeat interval"
}

/// What is to be done about one destination at a flush.
enum NoticeDecision: Equatable {
    case tell(NoticeReason)
    /// Nobody is told, but it is to be remembered (resolved, to a destination that does not want to hear of it).
    case remember
    case nothing

    /// Compares what is with what was told.
    static func decide(
        told: ToldEntry?, firing: [String], resolved: [String], repeatInterval: Timestamp.Span, sendResolved: Bool,
        now: Timestamp
    ) -> NoticeDecision {
        guard let told else { return firing.isEmpty ? .nothing : .tell(.first) }
        if !firing.allSatisfy({ told.firing.contains($0) }) {
            return .tell(told.firing.isEmpty ? .first : .newAlerts)
        }
        if firing.isEmpty {
            if told.firing.isEmpty { return .nothing }
            return sendResolved ? .tell(.allResolved) : .remember
        }
        if sendResolved, !resolved.allSatisfy({ told.resolved.contains($0) }) { return .tell(.newResolved) }
        return now - told.at >= repeatInterval ? .tell(.repeated) : .nothing
    }
}
