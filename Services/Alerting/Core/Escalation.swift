package import Domain

/// Who is told when nobody acknowledges: steps, each so long after the one before.
///
/// In the file (`plimsoll: escalations:`, a list; the first whose matchers hold counts): `name`, `matchers` (severity is
/// the raised one), `steps` (list of `wait` and `receivers`, names of receivers), `repeat` (how often the last step is
/// told again; none: it is not), `acknowledged_for` (after so long an acknowledgement no longer holds while the alert
/// still fires; none: for good).
package struct EscalationChain: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        /// Since the step before; of the first since people were first told.
        package let wait: Timestamp.Span
        package let receivers: [String]
        package init(wait: Timestamp.Span, receivers: [String]) {
            self.wait = wait
            self.receivers = receivers
        }
    }

    package var name: String
    package var matchers: [Matcher]
    package var steps: [Step]
    package var repeatInterval: Timestamp.Span?
    package var acknowledgedFor: Timestamp.Span?

    package init(
        name: String, matchers: [Matcher], steps: [Step], repeatInterval: Timestamp.Span? = nil,
        acknowledgedFor: Timestamp.Span? = nil
    ) {
        self.name = name
        self.matchers = matchers
        self.steps = steps
        self.repeatInterval = repeatInterval
        self.acknowledgedFor = acknowledgedFor
    }

    /// The step that comes after so many were taken, and how long after the last one; nil when there is none.
    func step(after taken: Int) -> (step: Step, wait: Timestamp.Span)? {
        if taken < steps.count { return (steps[taken], steps[taken].wait) }
        guard let repeatInterval, let last = steps.last else { return nil }
        return (last, repeatInterval)
    }
}

/// A group of alerts that people were told of and that still fires.
package struct Incident: Codable, Hashable, Sendable {
    /// A place that a step told, and that is to hear of the end.
    package struct Place: Codable, Hashable, Sendable {
        package let receiver: String
        package let destination: String
    }

    /// Derived from the group and the time it was opened.
    package let id: String
    /// The group's key.
    package let group: String
    package let groupLabels: Labels
    package let openedAt: Timestamp
    /// Those that people were told of and that fired when it was looked at last; sorted.
    package internal(set) var alerts: [Fingerprint]
    /// Steps taken since it was opened, or since they began anew.
    package internal(set) var stepsTaken = 0
    /// When the last was taken; at first when it was opened.
    package internal(set) var steppedAt: Timestamp
    /// How often the steps began anew.
    package internal(set) var restarts = 0
    /// Since when each of its alerts is acknowledged; nil: one is not.
    package internal(set) var acknowledgedAt: Timestamp?
    /// The alerts as steps told them.
    package internal(set) var told: [Alert] = []
    package internal(set) var places: [Place] = []
    /// Nil: it is open.
    package internal(set) var closedAt: Timestamp?
    /// Of two versions the one that was changed later counts.
    package internal(set) var changedAt: Timestamp

    init(group: String, labels: Labels, alerts: [Fingerprint], at now: Timestamp) {
        id = DerivedID.make("inc", group, String(now.nanoseconds))
        self.group = group
        groupLabels = labels
        openedAt = now
        self.alerts = alerts
        steppedAt = now
        changedAt = now
    }

    /// The steps begin anew.
    mutating func restart(at now: Timestamp) {
        acknowledgedAt = nil
        stepsTaken = 0
        steppedAt = now
        restarts += 1
    }

    /// Destinations know the steps of a group under this name.
    package static func stepGroup(_ group: String) -> String { group + stepSuffix }

    /// Whether destinations know steps under this name, not a group.
    package static func isStepGroup(_ key: String) -> Bool { key.hasSuffix(stepSuffix) }

    /// The group that steps under this name are of; another name is a group's already.
    package static func group(ofSteps key: String) -> String {
        isStepGroup(key) ? String(key.dropLast(stepSuffix.count)) : key
    }

    private static let stepSuffix = ":escalation"
}

/// What an escalation has in store for an incident.
package enum EscalationOutlook: Hashable, Sendable {
    /// Whoever is told next, should nobody acknowledge.
    case next(EscalationStep)
    /// Due or not, nobody is told as long as a silence, a time interval or another alert mutes it.
    case muted(EscalationStep)
    /// Until then; nil: as long as it fires.
    case acknowledged(by: String, at: Timestamp, until: Timestamp?)
    /// All steps were taken.
    case finished
}

/// A step that is to come.
package struct EscalationStep: Hashable, Sendable {
    package let chain: String
    /// From 1.
    package let number: Int
    /// Not before.
    package let at: Timestamp
    package let receivers: [String]
    /// In words, with what makes it urgent.
    package let because: String
}
