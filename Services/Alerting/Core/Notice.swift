package import Domain

/// Something to be told at one destination, or (with no reason) only to be remembered as told.
package struct Notice: Codable, Hashable, Sendable {
    package let key: ToldKey
    package let receiver: String
    package let groupLabels: Labels
    /// Those that fire first.
    package let alerts: [Alert]
    /// What the destination knows after it.
    package let entry: ToldEntry
    /// Nil: nothing is sent.
    package let reason: NoticeReason?
    package let at: Timestamp

    /// Derived, so that the same flush makes the same one.
    package var id: String {
        DerivedID.make("ntf", key.group, key.destination, String(at.nanoseconds))
    }

    /// Those that fire, at the time it was made.
    package var firing: [Alert] { alerts.filter { !$0.isResolved(at: at) } }
    package var resolved: [Alert] { alerts.filter { $0.isResolved(at: at) } }
    package var isFiring: Bool { !firing.isEmpty }
    package var commonLabels: Labels { Labels.common(alerts.map(\.labels)) }
    package var commonAnnotations: Labels { Labels.common(alerts.map(\.annotations)) }
}
