import AlertingCore
import Domain
import Logging
import ServiceKit
import Store
import Synchronization

/// One destination: its queue, its receiver, and the task that sends. It waits for nobody else's receiver.
final class Lane: Sendable {
    /// Who may send, and under what.
    struct Authority: Sendable {
        var mandate = DestinationQueue.Mandate.nothing
        /// Nil while Postgres is away.
        var lease: Lease?

        /// What holds this very moment: a lease that has run out allows nothing.
        var now: DestinationQueue.Mandate {
            if let lease, !lease.isValid() { return .nothing }
            return mandate
        }
    }

    let name: String
    let channel: String
    let policy: ChannelPolicy
    private let receiver: Mutex<any Receiver>
    private let journal: Journal
    private let clock: any WallClock
    private let figures: DeliveryFigures
    private let logger: Logger
    private let authority: @Sendable () -> Authority
    private let tested: @Sendable (ChannelVerdict) -> Void
    private let threads = Mutex<[String: MessageThread]>([:])
    private let queue: Mutex<DestinationQueue>
    /// Ids of notices that are told though nobody could keep them.
    private let unkept = Mutex<Set<String>>([])
    /// What could be written down nowhere.
    private let unwritten = Mutex<[Record]>([])
    /// Notices that reached nobody since they were last asked for.
    private let refused = Mutex<[Notice]>([])
    private let bell = Bell()

    init(
        name: String, channel: String, policy: ChannelPolicy, receiver: any Receiver, journal: Journal,
        clock: any WallClock, figures: AlertingFigures, logger: Logger,
        authority: @escaping @Sendable () -> Authority, tested: @escaping @Sendable (ChannelVerdict) -> Void
    ) {
        self.name = name
        self.channel = channel
        self.policy = policy
        self.receiver = Mutex(receiver)
        self.journal = journal
        self.clock = clock
        self.figures = figures.delivery(channel)
        self.logger = logger
        self.authority = authority
        self.tested = tested
        queue = Mutex(DestinationQueue(destination: name, policy: policy))
    }

    /// Looks at the queue and does what is due; ring it when something may be.
    func ring() { bell.ring() }

    /// Sends over this receiver from now on.
    func set(_ receiver: any Receiver) { self.receiver.withLock { $0 = receiver } }

    /// Begins nothing more.
    func retire() { bell.close() }

    /// Works until it is retired or cancelled.
    func run() async {
        await bell.eachRing { [self] in
            while !Task.isCancelled, await step() {}
        }
    }

    // MARK: - The queue

    func add(_ queued: QueuedNotice, isKept: Bool) -> (QueuedNotice?, [DestinationQueue.Settlement]) {
        let now = clock.now()
        return queue.withLock { $0.add(queued, isKept: isKept, at: now) }
    }

    func release(_ id: String) {
        queue.withLock { $0.release(id) }
        bell.ring()
    }

    /// A notice is to be told though nobody can keep it.
    func releaseUnkept(_ id: String) {
        unkept.withLock { _ = $0.insert(id) }
        release(id)
    }

    func retract(stepsOf group: String) -> [DestinationQueue.Settlement] {
        queue.withLock { $0.retract(stepsOf: group) }
    }
    func withdraw(_ id: String) { queue.withLock { $0.withdraw(id) } }
    /// Forgets what waits, and which message stands for which incident: the books know, and another may have led meanwhile.
    func clear() {
        queue.withLock { $0.clear() }
        threads.withLock { $0 = [:] }
    }
    func forget(_ key: ToldKey, before end: Timestamp) -> [DestinationQueue.Settlement] {
        queue.withLock { $0.forget(key, before: end) }
    }
    func remember(_ thread: MessageThread, of group: String) { threads.withLock { $0[group] = thread } }

    func brakes(at now: Timestamp) -> DestinationQueue.Brakes { queue.withLock { $0.brakes(at: now) } }
    var waiting: Int { queue.withLock { $0.count } }
    var oldest: Timestamp? { queue.withLock { $0.oldest } }

    // MARK: - One step

    /// - Returns: whether there may be more to do at once.
    private func step() async -> Bool {
        let now = clock.now()
        let mandate = authority().now
        switch queue.withLock({ $0.next(at: now, mandate: mandate) }) {
        case .idle: return false
        case .settle(let settlements):
            await keep(settlements.map { decision($0, at: now) })
            return true
        case .summarise(let summary, let settlements):
            await keep([.message(summary)] + settlements.map { decision($0, at: now) })
            queue.withLock { $0.release(summary.id) }
            return true
        case .send(let queued): return await send(queued)
        }
    }

    private func send(_ queued: QueuedNotice) async -> Bool {
        guard let begunAt = await begin(queued) else {
            queue.withLock { $0.abandoned() }
            return false
        }
        let parcel = Parcel(
            notice: queued.notice, id: queued.id, now: begunAt,
            thread: thread(for: queued.notice), repeated: queued.isInDoubt || isUnkept(queued))
        let answer = await receiver.withLock({ $0 }).deliver(parcel)
        // Stopped in the midst of it: nobody knows, and the next start says so.
        if Task.isCancelled, case .retry = answer { return false }
        let now = clock.now()
        let jitter = Double.random(in: 0...1)
        guard let settlement = queue.withLock({ $0.finished(answer, at: now, jitter: jitter) }) else { return false }
        var attempt = attempt(settlement, begunAt: begunAt, at: now)
        if case .delivered(_, let thread?) = answer { note(thread, of: queued, in: &attempt) }
        report(settlement, at: now)
        if settlement.result != .retry { unkept.withLock { _ = $0.remove(queued.id) } }
        await keep([.attempt(attempt)])
        return true
    }

    /// The message that this one belongs to; the first of an incident and the steps of an escalation stand by themselves.
    private func thread(for notice: Notice) -> MessageThread? {
        notice.reason == .first || notice.reason == .escalated ? nil : threads.withLock { $0[notice.key.group] }
    }

    /// An incident that is over leaves its message behind: the next one of the group begins another.
    private func note(_ thread: MessageThread, of queued: QueuedNotice, in attempt: inout Attempt) {
        let notice = queued.notice
        let isOver = !notice.isFiring && !queued.isOnDemand
        threads.withLock { $0[notice.key.group] = isOver ? nil : thread }
        guard !isOver else { return }
        attempt.thread = thread
        attempt.key = notice.key
    }

    /// Writes down that a try begins.
    ///
    /// - Returns: nil when it must not be made: another instance leads.
    private func begin(_ queued: QueuedNotice) async -> Timestamp? {
        let held = authority()
        guard held.now != .nothing else { return nil }
        let now = clock.now()
        var records: [Record] = []
        if queued.isUnfinished {
            figures.result(.unknown).increment()
            records.append(
                .attempt(
                    Attempt(
                        notice: queued.id, number: queued.attempts - 1, result: .unknown,
                        answer: "the program ended before the answer", repeated: false, begunAt: now, at: now,
                        nextAt: now)))
        }
        records.append(.begun(Begun(notice: queued.id, number: queued.attempts, at: now)))
        do {
            try await journal.write(records, under: held.lease)
            // The wait for the books may have taken longer than the lease lasts.
            return authority().now == .nothing ? nil : clock.now()
        } catch {
            if isUnkept(queued), (error as? StoreError)?.code != .leaseLost, authority().now != .nothing {
                // Whoever takes over does not know of it and tells it again; it is marked as repeated from the start.
                logger.error("it is told though nobody can keep it", metadata: ["notification": "\(queued.id)"])
                return clock.now()
            }
            logger.warning(
                "a try was not begun",
                metadata: ["destination": "\(name)", "notification": "\(queued.id)", "error": "\(error)"])
            return nil
        }
    }

    private func isUnkept(_ queued: QueuedNotice) -> Bool { unkept.withLock { $0.contains(queued.id) } }

    // MARK: - What became of it

    /// A decision not to try counts as a try in the log.
    func decision(_ settlement: DestinationQueue.Settlement, at now: Timestamp) -> Record {
        report(settlement, at: now)
        var counted = settlement.queued
        counted.attempts += 1
        return .attempt(
            attempt(
                DestinationQueue.Settlement(queued: counted, result: settlement.result, answer: settlement.answer),
                begunAt: now, at: now))
    }

    private func attempt(_ settlement: DestinationQueue.Settlement, begunAt: Timestamp, at now: Timestamp) -> Attempt {
        let queued = settlement.queued
        let fallback = settlement.result.reachedNobody ? queued.notice.fallback : nil
        if fallback != nil { refused.withLock { $0.append(queued.notice) } }
        return Attempt(
            notice: queued.id, number: queued.attempts, result: settlement.result, answer: settlement.answer,
            repeated: queued.isInDoubt, begunAt: begunAt, at: now,
            nextAt: settlement.result == .retry ? queued.nextAt : now, takenBack: fallback)
    }

    /// What could be written down nowhere since this was last asked.
    func takeUnwritten() -> [Record] {
        unwritten.withLock { records in
            defer { records = [] }
            return records
        }
    }

    /// Notices that reached nobody since this was last asked.
    func takeRefused() -> [Notice] {
        refused.withLock { notices in
            defer { notices = [] }
            return notices
        }
    }

    private func report(_ settlement: DestinationQueue.Settlement, at now: Timestamp) {
        figures.result(settlement.result).increment()
        let notice = settlement.queued.notice
        switch settlement.result {
        case .delivered:
            figures.sinceDecision.observe((now - notice.at).seconds)
            if notice.reason == .test { figures.test.set((now - notice.at).seconds) }
            judge(settlement, isDelivered: true)
            if settlement.queued.resendOf == nil, let happened = notice.happenedAt {
                figures.sinceEvent.observe((now - happened).seconds)
            }
        case .failed, .expired, .dropped:
            judge(settlement, isDelivered: false)
            logger.error(
                "a notice was given up",
                metadata: [
                    "destination": "\(name)", "notification": "\(settlement.queued.id)",
                    "result": "\(settlement.result.rawValue)", "answer": "\(settlement.answer)",
                ])
        case .retry, .unknown, .superseded, .summarised: break
        }
    }

    private func judge(_ settlement: DestinationQueue.Settlement, isDelivered: Bool) {
        guard settlement.queued.notice.reason == .test else { return }
        tested(
            ChannelVerdict(
                destination: name, receiver: settlement.queued.notice.receiver, channel: channel,
                isDelivered: isDelivered, answer: settlement.answer))
    }

    private func keep(_ records: [Record]) async {
        do { try await journal.write(records) } catch {
            unwritten.withLock { $0 += records }
            logger.error(
                "an attempt could not be written down", metadata: ["destination": "\(name)", "error": "\(error)"])
        }
    }
}

extension Notice {
    /// When that happened which it tells as news; nil when it only repeats.
    var happenedAt: Timestamp? {
        switch reason {
        case .first: firing.map(\.startsAt).min()
        case .newAlerts, .occurred, .occurredSince: alerts.map(\.startsAt).max()
        case .allResolved, .newResolved: resolved.map(\.endsAt).max()
        case .escalated, .storm, .repeated, .resent, .test, .detour, nil: nil
        }
    }
}
