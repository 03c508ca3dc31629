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
    package struct Acknowledgement: Codable, Hashable, Sendable {
        package let by: String
        package let at: Timestamp
        /// The alerts that fired then; another one is not acknowledged.
        package let alerts: [Fingerprint]
    }

    /// Derived from the group and the time it was opened.
    package let id: String
    /// The group's key.
    package let group: String
    package let groupLabels: Labels
    package let openedAt: Timestamp
    /// Those that fire, sorted by fingerprint.
    package internal(set) var alerts: [Alert]
    /// Steps taken since it was opened, or since its acknowledgement ceased to hold.
    package internal(set) var stepsTaken: Int
    /// When the last was taken; at first when it was opened.
    package internal(set) var steppedAt: Timestamp
    package internal(set) var acknowledgement: Acknowledgement?
}

/// A step of an escalation that is due now.
package struct EscalationNotice: Codable, Hashable, Sendable {
    package let incident: String
    package let group: String
    package let groupLabels: Labels
    package let chain: String
    /// From 1.
    package let step: Int
    package let receivers: [String]
    package let alerts: [Alert]
    /// Why it is more urgent than its label says; empty when it is not.
    package let reasons: [String]
    package let at: Timestamp

    /// One notice for each destination of the receivers, for the queues.
    package func notices(_ destinations: [String: [AlertBook.Destination]]) -> [Notice] {
        receivers.flatMap { receiver in
            (destinations[receiver] ?? []).map { destination in
                Notice(
                    key: ToldKey(group: "\(group):escalation:\(step)", destination: destination.name),
                    receiver: receiver, groupLabels: groupLabels, alerts: alerts,
                    entry: ToldEntry(firing: alerts.map(\.fingerprint), resolved: [], at: at, expiresAt: at),
                    reason: .escalated, at: at)
            }
        }
    }
}

/// Why an acknowledgement is refused.
package enum EscalationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No incident that is open has this id.
    case unknown(String)

    package var description: String {
        switch self {
        case .unknown(let id): "no open incident \(id)"
        }
    }
}
