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
    /// What is said beside the alerts, in words; nil: nothing.
    package let note: String?
    /// What makes it this one, whenever and by whom it is made; nil: the group and the time do.
    package let identity: String?
    /// What destinations know of groups after all, should it reach nobody; nil: nothing changes then.
    package let fallback: [AlertBook.State.Told]?

    package init(
        key: ToldKey, receiver: String, groupLabels: Labels, routeLabels: Labels = .none, alerts: [Alert],
        more: Int = 0, entry: ToldEntry, reason: NoticeReason?, at: Timestamp, note: String? = nil,
        identity: String? = nil, fallback: [AlertBook.State.Told]? = nil
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
        self.note = note
        self.identity = identity
        self.fallback = fallback
    }

    /// Derived, so that the same round makes the same one.
    package var id: String {
        DerivedID.make("ntf", key.group, key.destination, identity ?? String(at.nanoseconds))
    }

    /// The same content for another reason.
    package func with(reason: NoticeReason) -> Notice {
        Notice(
            key: key, receiver: receiver, groupLabels: groupLabels, routeLabels: routeLabels, alerts: alerts,
            more: more, entry: entry, reason: reason, at: at, note: note, identity: identity)
    }

    /// A test of one destination: a made-up occurrence that says what it is. Each is told by itself.
    ///
    /// - Parameters:
    ///   - test: a word that no other test has.
    ///   - person: who asked for it.
    package static func test(
        _ test: String, of destination: String, receiver: String, by person: String, at now: Timestamp
    ) -> Notice {
        let labels = Labels([
            "alertname": "ChannelTest", "destination": destination, "severity": "info", "test": "true",
        ])
        let words = Labels([
            "summary": "A test of \(destination)",
            "description":
                "Nothing is wrong. Asked for by \(person). Whoever reads this knows that the channel works.",
        ])
        let alert = Alert(
            labels: labels, annotations: words, startsAt: now, endsAt: now + .minutes(5), updatedAt: now,
            endIsTimeout: false, generatorURL: "", kind: .event)
        return Notice(
            key: ToldKey(group: "{test}:\(test)", destination: destination), receiver: receiver,
            groupLabels: Labels(["alertname": "ChannelTest"]), alerts: [alert],
            entry: ToldEntry(firing: [alert.fingerprint], resolved: [], at: now, expiresAt: now), reason: .test,
            at: now)
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
