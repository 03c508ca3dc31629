import AlertingCore
import Domain
import Logging
import ServiceKit

/// What the desk finds out by itself: who is silent, which channel does not work.
extension AlertDesk {
    /// A service said that it is alive.
    func heard(_ service: String) { watch.heard(service, at: clock.now()) }

    /// Looks who is silent and what became of tests, and makes the daily test when it is time.
    func lookOut(at now: Timestamp) async {
        guard role != .follows, now - lookedOutAt >= .seconds(1) || now < lookedOutAt else { return }
        lookedOutAt = now
        verdicts += delivery.takeVerdicts()
        let posts = watch.look(at: now, current) + verdicts.compactMap { $0.posted(current, at: now) }
        do {
            try await receive(posts)
            let failed = verdicts.filter { !$0.isDelivered }
            verdicts = []
            for verdict in failed { try await tellOthers(verdict, at: now) }
            try await testDaily(at: now)
        } catch {
            // What is not kept is found again at the next look.
            logger.error("an alarm of alerting's own could not be kept", metadata: ["error": "\(error)"])
        }
    }

    private func testDaily(at now: Timestamp) async throws {
        guard case .leads = role, let daily = dailyTest, daily.isDue(at: now, last: testedAt) else { return }
        testedAt = now
        let all = current.settings.destinations.filter { !$0.value.isEmpty }.keys.sorted()
        for receiver in daily.receivers.isEmpty ? all : daily.receivers {
            do { _ = try await sendTest(receiver: receiver, by: "the daily plan", through: Self.daily) } catch let error
                as UnknownReceiver
            {
                logger.warning("nobody to test", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Where the alarm about a dead channel would go over that channel alone, all others are told directly.
    private func tellOthers(_ verdict: ChannelVerdict, at now: Timestamp) async throws {
        guard let posted = verdict.posted(current, at: now), let alert = current.alert(posted.labels.fingerprint),
            current.destinations(of: alert.labels).subtracting([verdict.destination]).isEmpty
        else { return }
        let others = current.settings.destinations.sorted { $0.key < $1.key }.flatMap { receiver, destinations in
            destinations.filter { $0.name != verdict.destination }.map { (receiver, $0.name) }
        }
        let messages = others.compactMap { receiver, destination -> QueuedNotice? in
            guard let lane = delivery.lane(destination) else { return nil }
            let notice = Notice(
                key: ToldKey(group: "{detour}:\(verdict.destination)", destination: destination), receiver: receiver,
                groupLabels: Labels(["alertname": alert.labels["alertname"]]), alerts: [alert],
                entry: ToldEntry(firing: [alert.fingerprint], resolved: [], at: now, expiresAt: now), reason: .detour,
                at: now)
            return QueuedNotice(
                id: notice.id, notice: notice, channel: lane.channel, expiresAt: now + lane.policy.expiresAfter,
                nextAt: now)
        }
        let audit = AuditEntry(
            by: "alerting", through: Self.daily, action: "detour", subject: verdict.destination,
            detail: verdict.answer, at: now)
        try await send(messages, audit, at: now)
    }

    /// How the audit names the daily test.
    static var daily: String { "daily" }
}

extension DeadMansSwitch.Settings {
    /// Without Redis no service is heard, and none can be missed.
    func heard(_ hearsServices: Bool) -> DeadMansSwitch.Settings {
        hearsServices ? self : DeadMansSwitch.Settings(watchdogs: watchdogs)
    }
}
