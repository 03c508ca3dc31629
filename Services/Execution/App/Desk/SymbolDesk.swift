import Domain
import ExecutionCore
import Logging
import Store

/// Runs the orders of one account in one market: one thing after the other, so that nothing overtakes anything.
///
/// It is driven by what is to be done, not by what happened: after any trouble it loads the rows and asks the venue again.
actor SymbolDesk {
    /// What all desks of an account share.
    struct Parts: Sendable {
        let books: AccountBooks
        let venue: any Venue
        let board: PriceBoard
        let checks: OrderGuard
        let gate: VenueGate
        let metrics: AccountMetrics
        let journal: ExitJournal
        let logger: Logger
        /// How often the venue is asked for an order of which it should report by itself.
        let pollInterval: Duration
    }

    let instrument: Instrument
    let parts: Parts
    nonisolated let inbox = DeskInbox()
    var orders: [String: TrackedOrder] = [:]
    var held: HeldPosition?
    var exitsVersion: Int64 = 0
    /// Orders that somebody rang for and that could not be claimed yet.
    var waiting: [String] = []
    /// Positions whose exits the venue would not hold: watched here.
    var watchedHere: Set<String> = []
    var nextExitAttempt = ContinuousClock.now
    /// The newest set that the venue refused, and how many it had refused before for the same position.
    var refused: (position: String, version: Int64, again: Int) = ("", 0, 0)
    var isLoaded = false
    private var wasLoaded = false
    private var pausedUntil = ContinuousClock.now

    init(instrument: Instrument, parts: Parts) {
        self.instrument = instrument
        self.parts = parts
    }

    var symbol: Symbol { instrument.symbol }

    /// Works until the inbox is closed; what is under way is brought to its end.
    func run() async {
        for await _ in inbox.wakes { await step() }
    }

    /// Loads the rows and asks the venue for every order that may be there.
    ///
    /// - Throws: `StoreError`.
    func recover() async throws {
        try await load()
        try await lookAll()
        try await tendExits()
    }

    /// Everything is in order: no order in doubt, the position guarded.
    var isSettled: Bool {
        isLoaded && !orders.values.contains { $0.life.isInDoubt } && (!needsExits || !liveExits.isEmpty || isLeaving)
    }

    func step() async {
        guard ContinuousClock.now >= pausedUntil else { return }
        let work = inbox.take()
        guard parts.books.isReachable else { return await protectWithoutBooks(work) }
        do {
            if !isLoaded { try await recover() }
            for news in work.news { try await take(news) }
            try await fire(low: work.low, high: work.high)
            if work.looksAgain { for id in orders.keys.sorted() { orders[id]?.nextLook = .now } }
            if work.control { try await enforceControl() }
            try await lookDue()
            for id in work.orders where !waiting.contains(id) { waiting.append(id) }
            try await claimWaiting()
            try await sendReady()
            try await tendExits()
            inbox.watch(liveExits.contains { $0.state == .approved })
            try await rememberPosition()
        } catch let error as StoreError {
            await fail(error, work)
        } catch {
            parts.logger.error("the desk was interrupted", metadata: ["symbol": "\(symbol)", "error": "\(error)"])
            isLoaded = false
        }
        report()
    }

    /// The books are away or disagree: forget what is in mind, and protect what is held from the journal meanwhile.
    private func fail(_ error: StoreError, _ work: DeskInbox.Work) async {
        isLoaded = false
        let metadata: Logger.Metadata = ["symbol": "\(symbol)", "error": "\(error)"]
        if error.isConnectionTrouble || error.code == .closed || error.code == .leaseLost {
            parts.logger.warning("the books are out of reach", metadata: metadata)
            if error.code == .leaseLost {
                pausedUntil = .now + .milliseconds(100)
            } else {
                parts.books.isReachable = false
                await protectWithoutBooks(work)
            }
        } else {
            parts.logger.error("the books refused", metadata: metadata)
            pausedUntil = .now + .seconds(1)
        }
    }

    /// Reads the rows, and keeps what is known of orders that did not change.
    func load() async throws {
        try await settleJournal()
        let snapshot = try await parts.books.load(symbol)
        let now = ContinuousClock.now
        var fresh: [String: TrackedOrder] = [:]
        for booked in snapshot.orders {
            if isLoaded, let known = orders[booked.order.id], known.life.state == booked.state,
                known.life.filled == booked.filled, known.booked.order == booked.order
            {
                fresh[known.id] = known
            } else {
                fresh[booked.order.id] = TrackedOrder(booked, validity: parts.venue.validity, now: now)
            }
        }
        orders = fresh
        held = snapshot.position
        exitsVersion = snapshot.exitsVersion
        if !wasLoaded { try await adopt() }
        isLoaded = true
        wasLoaded = true
    }

    /// Gives a venue without a memory the orders that rest there, pair by pair, and what happened in the market since.
    private func adopt() async throws {
        guard !parts.venue.remembers else { return }
        let resting = orders.values.filter(\.isAtVenue).sorted { $0.id < $1.id }
        let groups = Dictionary(grouping: resting) { "\($0.booked.position ?? $0.id) \($0.booked.version ?? 0)" }
        var history: [Print] = []
        if let since = resting.map(\.booked.order.decidedAt).min() {
            history = try await parts.books.history(symbol, since: since)
        }
        await parts.venue.adopt(
            symbol, groups.keys.sorted().map { groups[$0]?.map(\.booked.order) ?? [] },
            since: history)
    }

    private func report() {
        let price = parts.board.market(symbol).lastPrice
        parts.metrics.position(symbol, held, price: price)
        parts.metrics.inDoubt(symbol, orders.values.filter { $0.life.isInDoubt }.count)
    }
}

extension SymbolDesk {
    var liveExits: [LiveExit] { orders.values.compactMap(\.liveExit).sorted { $0.order.id < $1.order.id } }

    /// An order that closes the position is on its way, or about to be.
    var isLeaving: Bool { orders.values.contains { $0.booked.leaves } }

    var needsExits: Bool {
        guard let held, held.isOpen else { return false }
        return held.stop != nil || held.target != nil
    }
}
