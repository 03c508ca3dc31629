import AlertingCore
import Domain

/// Tells when so many notices come that they are told as one.
struct StormGate: Sendable {
    private static let window = Timestamp.Span.minutes(1)
    /// From the beginning of a storm to its first summary: what comes together is told together.
    private static let firstSummary = Timestamp.Span.seconds(10)

    private let limit: Int
    /// When the last notices came, oldest first; never more than one over the limit.
    private var times: [Timestamp] = []
    /// When the next summary is due; nil: there is no storm.
    private(set) var summaryAt: Timestamp?

    /// - Parameter limit: notices in a minute; 0: there are no storms.
    init(limit: Int) { self.limit = limit }

    func isOn(at now: Timestamp) -> Bool { summaryAt != nil }

    /// A notice came.
    mutating func note(_ time: Timestamp, now: Timestamp) {
        guard limit > 0, now - time < Self.window else { return }
        times.append(time)
        if times.count > limit + 1 { times.removeFirst() }
        if summaryAt == nil, isOver(now) { summaryAt = now + Self.firstSummary }
    }

    /// Whether a summary is due now. The storm is over when a minute has brought no more than the limit.
    mutating func takeSummary(at now: Timestamp) -> Bool {
        guard let due = summaryAt, now >= due else { return false }
        summaryAt = isOver(now) ? now + Self.window : nil
        return true
    }

    private func isOver(_ now: Timestamp) -> Bool {
        times.count > limit && times.first.map { now - $0 < Self.window } == true
    }
}

extension Notice {
    /// The group that summaries are told under.
    static let stormGroup = "{storm}"

    /// Many notices as one. Of an alert that is in several the last word counts.
    static func summary(of notices: [Notice], at now: Timestamp) -> Notice {
        var latest: [Fingerprint: Alert] = [:]
        var order: [Fingerprint] = []
        for alert in notices.flatMap(\.alerts) {
            if latest.updateValue(alert, forKey: alert.fingerprint) == nil { order.append(alert.fingerprint) }
        }
        let alerts = order.compactMap { latest[$0] }
        let destination = notices.first?.key.destination ?? ""
        let entry = ToldEntry(
            firing: alerts.filter { !$0.isResolved(at: now) }.map(\.fingerprint).sorted(),
            resolved: alerts.filter { $0.isResolved(at: now) }.map(\.fingerprint).sorted(), at: now, expiresAt: now)
        return Notice(
            key: ToldKey(group: stormGroup, destination: destination), receiver: notices.first?.receiver ?? "",
            groupLabels: .none, alerts: alerts, more: notices.reduce(0) { $0 + $1.more }, entry: entry, reason: .storm,
            at: now, fallback: notices.flatMap { $0.fallback ?? [] })
    }

    /// This notice with the ends that an older one would have told and this one does not know of.
    func absorbing(_ old: Notice) -> Notice {
        let known = Set(alerts.map(\.fingerprint))
        let ends = old.resolved.filter { !known.contains($0.fingerprint) }
        guard !ends.isEmpty else { return self }
        return Notice(
            key: key, receiver: receiver, groupLabels: groupLabels, routeLabels: routeLabels, alerts: alerts + ends,
            more: more, entry: entry, reason: reason, at: at, note: note,
            identity: identity,
            fallback: fallback?.map {
                AlertBook.State.Told(key: $0.key, entry: $0.entry.awaiting(ends.map(\.fingerprint)))
            })
    }
}
