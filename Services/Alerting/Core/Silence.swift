package import Domain

/// Mutes the alerts that all its matchers hold for, from a moment to another.
package struct Silence: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable {
        case expired, active, pending
    }

    package var id: String
    package var matchers: [Matcher]
    package var startsAt: Timestamp
    package var endsAt: Timestamp
    package var updatedAt: Timestamp
    package var createdBy: String
    package var comment: String
    package var annotations: Labels

    package init(
        id: String, matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp, updatedAt: Timestamp,
        createdBy: String, comment: String, annotations: Labels = .none
    ) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.comment = comment
        self.annotations = annotations
    }

    package func state(at now: Timestamp) -> State {
        if now < startsAt { return .pending }
        return now > endsAt ? .expired : .active
    }
}

/// A silence as somebody asks for it.
package struct SilenceDraft: Hashable, Sendable {
    /// Empty: a new one. Else the one to change.
    package var id: String
    package var matchers: [Matcher]
    /// Nil: now.
    package var startsAt: Timestamp?
    package var endsAt: Timestamp
    package var createdBy: String
    package var comment: String
    package var annotations: Labels

    package init(
        id: String = "", matchers: [Matcher], startsAt: Timestamp? = nil, endsAt: Timestamp, createdBy: String,
        comment: String, annotations: Labels = .none
    ) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdBy = createdBy
        self.comment = comment
        self.annotations = annotations
    }
}

/// Why a silence is refused, in Alertmanager's words.
package enum SilenceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No silence has this id.
    case unknown(String)
    /// It would mute nothing, everything, or never.
    case invalid(String)

    package var description: String {
        switch self {
        case .unknown: "silence not found"
        case .invalid(let reason): "invalid silence: \(reason)"
        }
    }
}
