import AlertingCore
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store

import struct Foundation.UUID

/// The one owner of the alert book: takes alerts in, makes them durable, and hands what is due to the destinations.
///
/// Whoever posts waits until the alert is kept; what is posted meanwhile is kept together. Of several instances one leads:
/// it alone notifies. The others take posts, write them to the books and read there what is new.
actor AlertDesk: Service {
    /// The desk takes no more at the moment.
    struct Busy: Error {}

    /// What this instance does besides taking posts.
    enum Role: Sendable, Equatable {
        /// Another instance notifies, or nobody does yet.
        case follows
        case leads(Lease)
        /// Postgres is away, and so is whoever leads: what is critical is told all the same.
        case alone
    }

    /// Most posts that wait; a slow disk must not fill the memory.
    private static let waitingMax = 1000
    /// Postgres is away for so long before an instance that does not lead tells what is critical.
    private static let patience = Duration.seconds(6)

    private let journal: Journal
    private let store: AlertStore
    let delivery: Delivery
    private let receivers: @Sendable (AlertingConfiguration) -> [Delivery.Destination]
    let clock: any WallClock
    private let figures: AlertingFigures
    let logger: Logger
    /// Services are heard on the suite's Redis.
    private let hearsServices: Bool
    private(set) var current: AlertBook
    private var acknowledgements = AcknowledgementBook()
    var escalations: EscalationBook
    var escalatedAt = Timestamp.zero
    var watch: DeadMansSwitch
    var dailyTest: DailyTest?
    /// When the last daily test was made.
    var testedAt: Timestamp?
    /// Of tests, not dealt with yet.
    var verdicts: [ChannelVerdict] = []
    var lookedOutAt = Timestamp.zero
    private var tickedAt = Timestamp.zero
    private(set) var role = Role.follows
    /// As it was renewed last.
    private var lease: Lease?
    private var waiting = 0
    /// Alerts that are in the book in a form that neither Postgres nor the disk has.
    private var notKept: Set<Fingerprint> = []
    private var measuredAt = Timestamp.zero
    private var countedAt = Timestamp.zero
    private var forgottenAt = Timestamp.zero
    /// What others wrote after it is not in the book yet; nil: the books were not read yet.
    private var seen: Snapshot?
    /// Of the last rounds, to be kept; neither Postgres nor the disk would.
    var unkept: [Record] = []
    /// Rung when a group may be due.
    private let bell = Bell()

    init(
        _ configuration: AlertingConfiguration, journal: Journal, store: AlertStore, delivery: Delivery,
        receivers: @escaping @Sendable (AlertingConfiguration) -> [Delivery.Destination], clock: any WallClock,
        hearsServices: Bool, figures: AlertingFigures, logger: Logger
    ) {
        self.journal = journal
        self.store = store
        self.delivery = delivery
        self.receivers = receivers
        self.clock = clock
        self.figures = figures
        self.logger = logger
        self.hearsServices = hearsServices
        current = AlertBook(configuration.book)
        escalations = EscalationBook(configuration.escalation)
        watch = DeadMansSwitch(configuration.watch.heard(hearsServices), at: clock.now())
        dailyTest = configuration.dailyTest
        delivery.configure(receivers(configuration))
    }

    // MARK: - For the API

    /// Takes alerts in; returns when they are kept.
    ///
    /// - Throws: `Busy`, or why they cannot be kept.
    func receive(_ posted: [PostedAlert]) async throws {
        guard !posted.isEmpty else { return }
        let now = clock.now()
        let alerts = current.prepared(posted, at: now)
        do {
            guard waiting < Self.waitingMax, !journal.isFull else { throw Busy() }
            waiting += 1
            defer { waiting -= 1 }
            try await journal.write(alerts.map(record))
        } catch {
            takeUnkept(alerts, at: now)
            throw error
        }
        notKept.subtract(alerts.map(\.fingerprint))
        current.take(alerts, at: now)
        // Some groups do not wait.
        if untilFlush <= 0 { bell.ring() }
    }

    /// Nobody keeps them, and whoever posts hears so and comes again. All the same what fires goes on firing, and what is
    /// critical is told.
    private func takeUnkept(_ alerts: [Alert], at now: Timestamp) {
        let taken = alerts.filter { alert in
            if Alert.isCritical([alert]) { return true }
            guard let known = current.alert(alert.fingerprint) else { return false }
            return !known.isResolved(at: now) && alert.endsAt > known.endsAt
        }
        notKept.formUnion(taken.map(\.fingerprint))
        current.take(taken, at: now)
    }

    /// What was only heard of again costs the books little.
    private func record(_ alert: Alert) -> Record {
        guard !notKept.contains(alert.fingerprint), let known = current.alert(alert.fingerprint),
            known.startsAt == alert.startsAt, known.kind == alert.kind,
            known.annotations == alert.annotations, known.generatorURL == alert.generatorURL,
            known.flapping == alert.flapping
        else { return .alert(alert) }
        return .heard(alert)
    }

    /// Alerts, groups and silences as they are now.
    func book() -> AlertBook { current }

    /// Makes or changes a silence.
    ///
    /// - Returns: its id.
    /// - Throws: `SilenceError`, or why it cannot be kept.
    func setSilence(_ draft: SilenceDraft) async throws -> String {
        let id = UUID().uuidString.lowercased()
        return try await change { silences, now in try silences.set(draft, newID: id, at: now) }
    }

    /// Ends a silence now.
    ///
    /// - Throws: `SilenceError`, or why it cannot be kept.
    func expireSilence(_ id: String) async throws {
        _ = try await change { silences, now in try silences.expire(id, at: now) }
    }

    private func change(_ body: (inout SilenceBook, Timestamp) throws -> SilenceBook.Change) async throws -> String {
        var silences = current.silences
        let change = try body(&silences, clock.now())
        try await journal.write(change.changed.map { .silence($0) })
        current.silences.restore(change.changed)
        return change.id
    }

    /// Puts another configuration into force; alerts, silences and what was told stay.
    func reload(_ configuration: AlertingConfiguration) {
        let now = clock.now()
        current.replace(configuration.book, at: now)
        escalations.settings = configuration.escalation
        watch.settings = configuration.watch.heard(hearsServices)
        dailyTest = configuration.dailyTest
        if role != .follows { escalateWhatIsTold(at: now) }
        delivery.configure(receivers(configuration))
    }

    /// Notes that somebody took notice of an alert or a group, or took that back; returns when it is kept.
    ///
    /// - Throws: why it cannot be kept.
    func acknowledge(_ acknowledgement: Acknowledgement) async throws {
        try await journal.write([.acknowledgement(acknowledgement)])
        acknowledgements.take(acknowledgement)
    }

    /// Sends a notice once more, whoever of the instances leads.
    ///
    /// - Returns: the id under which it is sent.
    /// - Throws: why it cannot be kept.
    func resend(_ original: QueuedNotice, by: String, through: String) async throws -> String {
        let now = clock.now()
        let id = DerivedID.make("ntf", original.id, "resend", UUID().uuidString)
        let policy = delivery.lane(original.destination)?.policy ?? .standard(original.channel)
        let queued = QueuedNotice(
            id: id, notice: original.notice.with(reason: .resent), channel: original.channel,
            expiresAt: now + policy.expiresAfter,
            resendOf: original.id, nextAt: now)
        let audit = AuditEntry(
            by: by, through: through, action: "resend", subject: original.id, detail: id, at: now)
        try await send([queued], audit, at: now)
        return id
    }

    /// Keeps messages that somebody asked for; whoever leads sends them.
    func send(_ messages: [QueuedNotice], _ audit: AuditEntry, at now: Timestamp) async throws {
        try await journal.write(messages.map { .message($0) } + [.audit(audit)])
        if case .leads = role { unkept += delivery.resume(messages, at: now) }
    }

    /// Who took notice of what.
    var acknowledged: AcknowledgementBook { acknowledgements }

    // MARK: - Roles

    /// Whether this instance is the one that notifies.
    var isLeading: Bool { if case .leads = role { true } else { false } }

    /// Whether people hear what this instance has to tell.
    var isTelling: Bool { role != .follows && clock.now() - tickedAt < .seconds(30) }

    /// Leads from now on, with what the books hold.
    ///
    /// - Throws: `StoreError` when they cannot be read.
    func lead(_ lease: Lease) async throws {
        self.lease = lease
        let (books, snapshot) = try await wholeBooks()
        let now = clock.now()
        report(books.faults)
        var fresh = AlertBook(current.settings)
        fresh.silences.restore(books.silences + current.silences.all(at: now))
        fresh.restore(books.alerts, told: books.told, groups: books.timers, at: now)
        fresh.take(current.all, at: now)
        current = fresh
        unkept = []
        seen = snapshot
        for acknowledgement in books.acknowledgements { acknowledgements.take(acknowledgement) }
        escalations = EscalationBook(escalations.settings)
        testedAt = books.testedAt
        escalations.restore(books.incidents)
        escalateWhatIsTold(at: now)
        delivery.clear()
        for (key, thread) in books.threads { delivery.lane(key.destination)?.remember(thread, of: key.group) }
        guard try await journal.write(delivery.resume(books.queued, at: now)) == .books else { throw Self.notWhole }
        // Renewed meanwhile, perhaps.
        let lease = self.lease.flatMap { $0.token == lease.token ? $0 : nil } ?? lease
        role = .leads(lease)
        delivery.set(Lane.Authority(mandate: .everything, lease: lease))
        figures.leads.set(true)
        logger.info("leads", metadata: ["token": "\(lease.token)", "notices": "\(books.queued.count)"])
    }

    /// The books, with all that was accepted, and told, before this moment. What is in the spool alone would be told twice.
    private func wholeBooks() async throws -> (StoredBooks, Snapshot) {
        guard try await journal.barrier() == .books, let era = journal.era else { throw Self.notWhole }
        let snapshot = try await store.snapshot()
        let books = try await store.load(longestWait: current.settings.longestWait)
        guard journal.era == era else { throw Self.notWhole }
        return (books, snapshot)
    }

    private static var notWhole: StoreError {
        StoreError(.connectionLost, "the spool was begun while the books were read")
    }

    /// The lease was renewed.
    func renewed(_ lease: Lease) {
        self.lease = lease
        guard case .leads = role else { return }
        role = .leads(lease)
        delivery.set(Lane.Authority(mandate: .everything, lease: lease))
    }

    /// Leads no more.
    func follow() {
        guard case .leads = role else { return }
        stepDown()
    }

    private func stepDown() {
        role = .follows
        delivery.set(Lane.Authority())
        figures.leads.set(false)
        logger.info("leads no more")
    }

    // MARK: - Running

    func run() async throws {
        try await recover()
        try await cancelWhenGracefulShutdown { [self] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [bell] in await bell.eachRing { await self.tick() } }
                group.addTask { await self.keepRinging() }
                group.addTask { try await self.keepReading() }
                try await group.waitForAll()
            }
        }
    }

    /// Rings every 100 ms, and when the next group is due.
    private func keepRinging() async {
        while !Task.isCancelled {
            bell.ring()
            // Cancelled: the loop ends.
            try? await Task.sleep(for: .nanoseconds(min(100_000_000, max(5_000_000, untilFlush))))
        }
    }

    /// Nanoseconds until this instance has to tell something; those that do not lead leave it to the leader.
    private var untilFlush: Int64 {
        guard isLeading, let next = current.nextFlush else { return .max }
        return (next - clock.now()).nanoseconds
    }

    private func keepReading() async throws {
        while !Task.isCancelled {
            if journal.isDirect {
                // A query that the stop of the program cuts off is no failure of this service.
                do { try await readOthers() } catch is CancellationError { return } catch let error as StoreError {
                    logger.debug("the books cannot be read", metadata: ["error": "\(error)"])
                }
            }
            // Cancelled: the loop ends.
            try? await Task.sleep(for: .milliseconds(400))
        }
    }

    /// Takes back what an earlier run could not bring to Postgres.
    private func recover() async throws {
        let recovered = SpooledBooks(try await journal.spooled())
        let now = clock.now()
        current.silences.restore(recovered.silences)
        current.restore(recovered.alerts, told: recovered.told, at: now)
        for acknowledgement in recovered.acknowledgements { acknowledgements.take(acknowledgement) }
        escalations.restore(recovered.incidents)
        // A disk that is full at the start keeps nobody from leading, nor from telling what is critical.
        unkept += delivery.resume(recovered.queued, at: now)
    }

    // MARK: - What others write

    private func readOthers() async throws {
        let next = try await store.snapshot()
        guard let seen else {
            let books = try await store.load(longestWait: current.settings.longestWait)
            if self.seen == nil { take(books, upTo: next) }
            return
        }
        let books = try await store.changes(since: seen)
        // Somebody began to lead meanwhile, with newer books.
        if self.seen == seen { take(books, upTo: next) }
    }

    private func take(_ books: StoredBooks, upTo snapshot: Snapshot) {
        report(books.faults)
        let now = clock.now()
        seen = snapshot
        current.silences.restore(books.silences)
        current.take(books.alerts, at: now)
        for acknowledgement in books.acknowledgements { acknowledgements.take(acknowledgement) }
        escalations.restore(books.incidents)
        for (key, entry) in books.told { current.note(entry, for: key) }
        // What others want sent: again, or played back from their spool.
        if case .leads = role { unkept += delivery.resume(books.queued, at: now) }
    }

    private func report(_ faults: [String]) {
        for fault in faults.prefix(10) { logger.error("a row cannot be read", metadata: ["error": "\(fault)"]) }
    }

    // MARK: - Rounds

    private func tick() async {
        let now = clock.now()
        tickedAt = now
        measure(at: now)
        lookForPostgres()
        unkept += delivery.takeUnwritten()
        for notice in delivery.takeRefused() { current.takeBack(notice, at: now) }
        switch role {
        case .leads(let lease):
            escalate(at: now) { _ in true }
            await round(current.advance(to: now), under: lease, at: now)
        case .alone:
            escalate(at: now) { urgencies in urgencies.contains { $0.severity == "critical" } }
            await round(current.advance(to: now, where: Alert.isCritical), under: nil, at: now)
        case .follows:
            // Whoever leads tells; here nothing is told, nor taken for told.
            if now - forgottenAt >= .seconds(30) || now < forgottenAt {
                forgottenAt = now
                current.forgetEnded(before: now + .seconds(-300))
            }
            _ = current.takeGroupChanges()
        }
        await lookOut(at: now)
        delivery.ring()
    }

    /// Without Postgres nobody leads for long: then each instance tells what is critical.
    private func lookForPostgres() {
        guard let away = journal.awayFor else {
            if role == .alone { stepDown() }
            return
        }
        guard role == .follows, away >= Self.patience else { return }
        role = .alone
        delivery.set(Lane.Authority(mandate: .criticalOnly, lease: nil))
        logger.warning("postgres is away: only what is critical is told")
    }

    private func round(_ notices: [Notice], under lease: Lease?, at now: Timestamp) async {
        escalations.observe(notices)
        var records = unkept + delivery.add(notices, at: now) + escalations.takeChanges().map { .incident($0) }
        let groups = current.takeGroupChanges()
        if !groups.isEmpty, lease != nil { records.append(.groups(groups.timers, gone: groups.gone)) }
        unkept = []
        // The groups come last: what is not kept of a round that is cut off is done again.
        var rest = records[...]
        do {
            while !rest.isEmpty {
                let part = Array(Record.portion(of: rest))
                try await journal.write(part, under: lease)
                delivery.release(part)
                rest = rest.dropFirst(part.count)
            }
        } catch let error as StoreError where error.code == .leaseLost {
            delivery.withdraw(Array(rest))
            if case .leads(let held) = role, held.token == lease?.token { stepDown() }
        } catch let error as StoreError where error.isOfTheRecord {
            await keepEach(Array(rest), under: lease)
        } catch {
            logger.error("notices could not be kept", metadata: ["error": "\(error)"])
            unkept = rest + unkept
            // Neither Postgres nor the disk: better told and forgotten than not told.
            delivery.releaseCritical(Array(rest))
        }
    }

    /// Keeps records one by one: the books refuse one of them for ever, and it must hold up no other. It is told all the
    /// same, and forgotten by the next leader.
    private func keepEach(_ records: [Record], under lease: Lease?) async {
        var rest = records[...]
        while !rest.isEmpty {
            let part = Array(Record.portion(of: rest, weighing: 1))
            do {
                try await journal.write(part, under: lease)
            } catch let error as StoreError where error.isOfTheRecord {
                figures.refused.increment()
                logger.error("the books refuse what is to be told", metadata: ["error": "\(error)"])
            } catch {
                // Whatever it is, the next round meets it again, and knows what to do.
                unkept = rest + unkept
                return
            }
            delivery.release(part)
            rest = rest.dropFirst(part.count)
        }
    }

    private func measure(at now: Timestamp) {
        if now - measuredAt >= .milliseconds(100) || now < measuredAt {
            measuredAt = now
            delivery.measure(at: now)
        }
        guard now - countedAt >= .seconds(5) || now < countedAt else { return }
        countedAt = now
        let counts = current.counts(at: now)
        figures.firing.set(counts.firing)
        figures.suppressed.set(counts.suppressed)
        figures.resolved.set(counts.resolved)
        acknowledgements.forget(before: now)
        _ = current.silences.collect(at: now)
        notKept = notKept.filter { current.alert($0) != nil }
    }
}
