package import Domain

/// Once a day every channel is tried, so that one that is dead is known before it is needed.
///
/// In the file (`plimsoll: daily_test:`): `at` (`08:00`), `location` (a time zone, default UTC), `receivers` (names;
/// default: all).
package struct DailyTest: Hashable, Sendable {
    /// Of the day.
    package let minute: Int
    package let zone: Zone
    /// Empty: all.
    package let receivers: [String]

    /// One that was missed, because nothing ran, is made up for within this time.
    private static let lateness = Timestamp.Span.minutes(360)

    package init(minute: Int, zone: Zone, receivers: [String]) {
        self.minute = minute
        self.zone = zone
        self.receivers = receivers
    }

    /// - Parameter last: the last one that was made; nil: there was none.
    package func isDue(at now: Timestamp, last: Timestamp?) -> Bool {
        let local = zone.local(now)
        let planned = CivilDay(containing: local).start + .minutes(Int64(minute))
        guard local >= planned, local - planned < Self.lateness else { return false }
        return last.map { zone.local($0) < planned } ?? true
    }
}

/// What became of the test of one destination.
package struct ChannelVerdict: Hashable, Sendable {
    package let destination: String
    package let receiver: String
    package let channel: String
    package let isDelivered: Bool
    /// What the receiver said; no secret, no URL.
    package let answer: String

    /// An alarm that no further test takes back ends after this time.
    private static let lifetime = Timestamp.Span.days(2)

    package init(destination: String, receiver: String, channel: String, isDelivered: Bool, answer: String) {
        self.destination = destination
        self.receiver = receiver
        self.channel = channel
        self.isDelivered = isDelivered
        self.answer = answer
    }

    /// The alarm that a failure raises, or that a success ends; nil: nothing changes.
    package func posted(_ book: AlertBook, at now: Timestamp) -> PostedAlert? {
        let labels = Labels([
            "alertname": "ChannelTestFailed", "destination": destination, "receiver": receiver, "channel": channel,
            "severity": "critical",
        ])
        let known = book.alert(labels.fingerprint).flatMap { $0.isActive(at: now) ? $0 : nil }
        guard !isDelivered || known != nil else { return nil }
        let words = Labels([
            "summary": "\(destination) cannot be reached",
            "description": "A test did not arrive: \(answer). Whoever is told over this channel hears nothing.",
            "runbook_url": "docs/runbook.md#channeltestfailed",
        ])
        return PostedAlert(
            labels: labels, annotations: words, startsAt: known?.startsAt ?? now,
            endsAt: isDelivered ? now : now + Self.lifetime)
    }
}

extension AlertBook {
    /// The destinations that an alert is told at, mute times aside.
    package func destinations(of labels: Labels) -> Set<String> {
        Set(receivers(of: labels).flatMap { settings.destinations[$0] ?? [] }.map(\.name))
    }
}
