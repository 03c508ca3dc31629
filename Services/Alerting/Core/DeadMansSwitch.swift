package import Domain

/// An alert that fires always, on purpose: when it is not heard of, its sender or the way from it is dead.
///
/// In the file (`plimsoll: watchdogs:`, a list): `name`, `matchers`, `within` (2s to 1d: silent for longer is an alarm),
/// `severity` (default critical).
package struct Watchdog: Hashable, Sendable {
    package let name: String
    package let matchers: [Matcher]
    package let within: Timestamp.Span
    package let severity: String
    package init(name: String, matchers: [Matcher], within: Timestamp.Span, severity: String) {
        self.name = name
        self.matchers = matchers
        self.within = within
        self.severity = severity
    }
}

/// Services that say on the suite's bus that they are alive.
///
/// In the file (`plimsoll: heartbeats:`): `services` (names), `within` (5s to 1d, default 60s), `severity` (default
/// critical).
package struct HeartbeatRule: Hashable, Sendable {
    package let services: [String]
    package let within: Timestamp.Span
    package let severity: String
    package init(services: [String], within: Timestamp.Span, severity: String) {
        self.services = services
        self.within = within
        self.severity = severity
    }
}

/// Notices who is silent: the senders of watchdogs, and services without a heartbeat. No IO and no clock.
///
/// It makes alerts like any others: they fire until who was silent is heard again, and whoever began to watch a moment ago
/// waits as long as the rule says before it calls anybody silent.
package struct DeadMansSwitch: Sendable {
    package struct Settings: Hashable, Sendable {
        package var watchdogs: [Watchdog]
        package var heartbeats: HeartbeatRule?
        package init(watchdogs: [Watchdog] = [], heartbeats: HeartbeatRule? = nil) {
            self.watchdogs = watchdogs
            self.heartbeats = heartbeats
        }
    }

    package var settings: Settings
    /// When it began to watch.
    private let since: Timestamp
    /// When each service was heard last.
    private var beats: [String: Timestamp] = [:]
    /// When its own heartbeat came back over the bus for the first time; before that no other can be heard.
    private var hearsSince: Timestamp?
    /// The alerts that are watchdogs, so that not all alerts are looked at each time.
    private var known: [String: Set<Fingerprint>] = [:]

    /// For how long an alarm is believed that nobody renews: its watcher is dead, and another may not have noticed yet.
    private static let lifetime = Timestamp.Span.minutes(5)
    /// An alarm that ends sooner is renewed.
    private static let renewal = Timestamp.Span.minutes(3)
    /// Whose heartbeat alerting itself sends, to know that it hears.
    package static let own = "alerting"

    package init(_ settings: Settings, at now: Timestamp) {
        self.settings = settings
        since = now
    }

    /// A service said that it is alive.
    package mutating func heard(_ service: String, at now: Timestamp) {
        if service == Self.own, !hears(at: now) { hearsSince = now }
        beats[service] = now
    }

    /// What is to be posted now: alarms that begin, are renewed, or end.
    package mutating func look(at now: Timestamp, _ book: AlertBook) -> [PostedAlert] {
        var posts = settings.watchdogs.compactMap { watchdog -> PostedAlert? in
            let last = lastHeard(watchdog, book, at: now)
            return verdict(
                watchdog.alarm, last: last, since: since, within: watchdog.within, book, at: now)
        }
        guard let rule = settings.heartbeats else { return posts }
        let redis = alarm(
            of: "redis", rule, "Alerting does not hear its own heartbeat: Redis is away, or alerting cannot reach it.")
        if let post = verdict(redis, last: beats[Self.own], since: since, within: rule.within, book, at: now) {
            posts.append(post)
        }
        // Whoever hears nothing cannot tell who is silent.
        guard hears(at: now), let hearsSince else { return posts }
        for service in rule.services {
            let alarm = alarm(
                of: service, rule,
                "\(service) has said nothing for longer than it may: it is down, or cannot reach Redis.")
            if let post = verdict(alarm, last: beats[service], since: hearsSince, within: rule.within, book, at: now) {
                posts.append(post)
            }
        }
        return posts
    }

    private func hears(at now: Timestamp) -> Bool {
        guard let rule = settings.heartbeats, let last = beats[Self.own] else { return false }
        return now - last <= rule.within
    }

    /// Nil: nothing changes.
    private func verdict(
        _ alarm: Alarm, last: Timestamp?, since: Timestamp, within: Timestamp.Span, _ book: AlertBook, at now: Timestamp
    ) -> PostedAlert? {
        let known = book.alert(alarm.labels.fingerprint).flatMap { $0.isActive(at: now) ? $0 : nil }
        if let last, now - last <= within {
            return known.map { alarm.posted(from: $0.startsAt, until: now) }
        }
        // One that fires goes on, also for whoever has just begun to watch.
        guard known != nil || now - max(since, last ?? since) > within else { return nil }
        if let known, known.endsAt - now > Self.renewal { return nil }
        return alarm.posted(from: known?.startsAt ?? now, until: now + Self.lifetime)
    }

    private mutating func lastHeard(_ watchdog: Watchdog, _ book: AlertBook, at now: Timestamp) -> Timestamp? {
        func latest() -> Timestamp? { known[watchdog.name]?.compactMap { book.alert($0)?.updatedAt }.max() }
        if let last = latest(), now - last <= watchdog.within { return last }
        known[watchdog.name] = book.fingerprints { watchdog.matchers.match($0.labels) }
        return latest()
    }

    private func alarm(of service: String, _ rule: HeartbeatRule, _ description: String) -> Alarm {
        Alarm(
            labels: Labels(["alertname": "HeartbeatMissing", "service": service, "severity": rule.severity]),
            annotations: Labels([
                "summary": "\(service) gives no sign of life", "description": description,
                "runbook_url": "docs/runbook.md#heartbeatmissing",
            ]))
    }
}

/// An alert that alerting raises itself.
private struct Alarm {
    let labels: Labels
    let annotations: Labels

    func posted(from start: Timestamp, until end: Timestamp) -> PostedAlert {
        PostedAlert(labels: labels, annotations: annotations, startsAt: start, endsAt: end)
    }
}

extension Watchdog {
    fileprivate var alarm: Alarm {
        Alarm(
            labels: Labels(["alertname": "WatchdogSilent", "watchdog": name, "severity": severity]),
            annotations: Labels([
                "summary": "\(name) is silent",
                "description":
                    "Its watchdog has not been heard for longer than it may: whatever \(name) finds does not reach "
                    + "alerting.",
                "runbook_url": "docs/runbook.md#watchdogsilent",
            ]))
    }
}

extension AlertBook {
    /// The alerts, over or not, that somebody looks for.
    func fingerprints(where isWanted: (Alert) -> Bool) -> Set<Fingerprint> {
        Set(alerts.values.lazy.map(\.alert).filter(isWanted).map(\.fingerprint))
    }
}
