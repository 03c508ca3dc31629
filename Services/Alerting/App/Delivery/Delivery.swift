import AlertingCore
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Brings notices to their destinations, each over a lane of its own: a hung receiver delays nobody else.
final class Delivery: Service {
    /// A place to send to, and how.
    struct Destination: Sendable {
        let name: String
        let channel: String
        let receiver: any Receiver
    }

    private struct State {
        var lanes: [String: Lane] = [:]
        var authority = Lane.Authority()
        /// What became of tests, until somebody asks; of each destination the last.
        var verdicts: [String: ChannelVerdict] = [:]
    }

    /// How long a try that is under way may take when the program ends.
    private static let grace = Duration.seconds(3)

    private let policies: DeliveryPolicies
    private let journal: Journal
    private let clock: any WallClock
    private let figures: AlertingFigures
    private let logger: Logger
    private let state = Mutex(State())
    private let fresh: AsyncStream<Lane>
    private let start: AsyncStream<Lane>.Continuation

    init(
        _ policies: DeliveryPolicies, journal: Journal, clock: any WallClock, figures: AlertingFigures, logger: Logger
    ) {
        self.policies = policies
        self.journal = journal
        self.clock = clock
        self.figures = figures
        self.logger = logger
        (fresh, start) = AsyncStream.makeStream()
    }

    /// What may be sent now, and under what.
    var authority: Lane.Authority { state.withLock { $0.authority } }

    func set(_ authority: Lane.Authority) {
        state.withLock { $0.authority = authority }
        ring()
    }

    /// Where is sent to from now on. A destination that stays keeps what waits for it; what waits for one that is gone
    /// stays in the books.
    func configure(_ destinations: [Destination]) {
        let (added, gone) = state.withLock { state in
            var lanes: [String: Lane] = [:]
            var added: [Lane] = []
            for destination in destinations {
                if let lane = state.lanes[destination.name] {
                    lane.set(destination.receiver)
                    lanes[destination.name] = lane
                } else {
                    let lane = makeLane(destination)
                    lanes[destination.name] = lane
                    added.append(lane)
                }
            }
            let gone = state.lanes.filter { lanes[$0.key] == nil }.map(\.value)
            state.lanes = lanes
            return (added, gone)
        }
        for lane in gone { lane.retire() }
        for lane in added { start.yield(lane) }
    }

    private func makeLane(_ destination: Destination) -> Lane {
        Lane(
            name: destination.name, channel: destination.channel, policy: policies.policy(of: destination.channel),
            receiver: destination.receiver, journal: journal, clock: clock, figures: figures, logger: logger,
            authority: { [weak self] in self?.authority ?? Lane.Authority() },
            tested: { [weak self] verdict in self?.state.withLock { $0.verdicts[verdict.destination] = verdict } })
    }

    var lanes: [Lane] { state.withLock { $0.lanes.values.sorted { $0.name < $1.name } } }
    func lane(_ name: String) -> Lane? { state.withLock { $0.lanes[name] } }

    /// What became of tests since it was last asked, by destination.
    func takeVerdicts() -> [ChannelVerdict] {
        state.withLock { state in
            defer { state.verdicts = [:] }
            return state.verdicts.values.sorted { $0.destination < $1.destination }
        }
    }

    /// Looks at every lane.
    func ring() { for lane in lanes { lane.ring() } }

    /// Puts notices in line.
    ///
    /// - Returns: what is to be kept; call `release` for the notices then.
    func add(_ notices: [Notice], at now: Timestamp) -> [Record] {
        notices.flatMap { notice -> [Record] in
            guard let lane = lane(notice.key.destination) else { return [.told(notice.key, notice.entry)] }
            guard notice.reason != nil else {
                let gone = notice.entry.firing.isEmpty ? lane.forget(notice.key, before: notice.at) : []
                return [.told(notice.key, notice.entry)] + gone.map { lane.decision($0, at: now) }
            }
            let queued = QueuedNotice(
                id: notice.id, notice: notice, channel: lane.channel,
                expiresAt: lane.policy.expiry(of: notice, eventsAfter: policies.eventsExpireAfter), nextAt: now)
            let (kept, settled) = lane.add(queued, isKept: false)
            return (kept.map { [.notice($0)] } ?? []) + settled.map { lane.decision($0, at: now) }
        }
    }

    /// Takes the steps of a group that wait out of every line: somebody has acknowledged it.
    ///
    /// - Returns: what is to be kept of it.
    func retract(stepsOf group: String, at now: Timestamp) -> [Record] {
        lanes.flatMap { lane in lane.retract(stepsOf: group).map { lane.decision($0, at: now) } }
    }

    /// Takes up notices that the books or the spool hold.
    ///
    /// - Returns: what is to be kept of it.
    func resume(_ queued: [QueuedNotice], at now: Timestamp) -> [Record] {
        queued.flatMap { queued -> [Record] in
            guard let lane = lane(queued.destination) else {
                logger.warning(
                    "a notice waits for a destination that is no longer configured",
                    metadata: ["destination": "\(queued.destination)", "notification": "\(queued.id)"])
                return []
            }
            defer { lane.ring() }
            return lane.add(queued, isKept: true).1.map { lane.decision($0, at: now) }
        }
    }

    /// Notices that reached nobody since this was last asked. That is in the books with the attempt; the alert book is told by
    /// the caller.
    func takeRefused() -> [Notice] { lanes.flatMap { $0.takeRefused() } }

    /// What became of notices and could be written down nowhere since this was last asked.
    func takeUnwritten() -> [Record] { lanes.flatMap { $0.takeUnwritten() } }

    /// Notices survive a crash now.
    func release(_ records: [Record]) { eachNotice(records) { lane, queued in lane.release(queued.id) } }

    /// Nobody can keep notices: those that are critical are told all the same.
    func releaseCritical(_ records: [Record]) {
        eachNotice(records) { lane, queued in if queued.isCritical { lane.releaseUnkept(queued.id) } }
    }

    /// Notices could not be kept.
    func withdraw(_ records: [Record]) { eachNotice(records) { lane, queued in lane.withdraw(queued.id) } }

    private func eachNotice(_ records: [Record], _ body: (Lane, QueuedNotice) -> Void) {
        for record in records {
            guard case .notice(let queued) = record, let lane = lane(queued.destination) else { continue }
            body(lane, queued)
        }
    }

    /// Forgets what waits; the books know it.
    func clear() { for lane in lanes { lane.clear() } }

    /// Runs the lanes. At the end nothing more is begun, and a try under way gets a moment.
    func run() async throws {
        await withTaskGroup(of: Bool.self) { group in
            var running = 0
            for await lane in fresh.cancelOnGracefulShutdown() {
                running += 1
                group.addTask {
                    await lane.run()
                    return true
                }
            }
            set(Lane.Authority())
            for lane in lanes { lane.retire() }
            group.addTask {
                // Cancelled: all lanes have ended.
                try? await Task.sleep(for: Self.grace)
                return false
            }
            for await isLane in group {
                running -= isLane ? 1 : 0
                if !isLane || running == 0 { group.cancelAll() }
            }
        }
    }

    /// Shows how many wait and for how long, by channel.
    func measure(at now: Timestamp) {
        let lanes = Dictionary(grouping: lanes) { $0.channel }
        for (channel, lanes) in lanes {
            let oldest = lanes.compactMap(\.oldest).min()
            figures.delivery(channel).show(
                waiting: lanes.reduce(0) { $0 + $1.waiting },
                oldestSeconds: oldest.map { max(0, (now - $0).seconds) } ?? 0)
        }
    }
}
