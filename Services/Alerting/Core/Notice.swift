package import Domain

/// Something to be told at one destination, or (with no reason) only to be remembered as told.
package struct Notice: Codable, Hashable, Sendable {
    package let key: ToldKey
    package let receiver: String
    package let groupLabels: Labels
    package let routeLabels: Labels
    /// In Alertmanager's order: by job, instance, then all labels.
    package let alerts: [Alert]
    /// Occurrences that are not among the alerts, for there are too many.
    package let more: Int
    /// What the destination knows after it.
    package let entry: ToldEntry
    /// Nil: nothing is sent.
    package let reason: NoticeReason?
    package let at: Timestamp

    package init(
        key: ToldKey, receiver: String, groupLabels: Labels, routeLabels: Labels = .none, alerts: [Alert],
        more: Int = 0, entry: ToldEntry, reason: NoticeReason?, at: Timestamp
    ) {
        self.key = key
        self.receiver = receiver
        self.groupLabels = groupLabels
        self.routeLabels = routeLabels
        self.alerts = alerts
        self.more = more
        self.entry = entry
        self.reason = reason
        self.at = at
    }

    /// Derived, so that the same round makes the same one.
    package var id: String {
        DerivedID.make("ntf", key.group, key.destination, String(at.nanoseconds))
    }

    /// It tells what occurred, once: a later notice of the same group does not stand for it.
    package var tellsOccurrences: Bool { alerts.contains { $0.kind == .event } }

    /// Those that fire, at the time it was made.
    package var firing: [Alert] { alerts.filter { !$0.isResolved(at: at) } }
    package var resolved: [Alert] { alerts.filter { $0.isResolved(at: at) } }
    package var isFiring: Bool { !firing.isEmpty }
    package var commonLabels: Labels { Labels.common(alerts.map(\.labels)) }
    package var commonAnnotations: Labels { Labels.common(alerts.map(\.annotations)) }
}
