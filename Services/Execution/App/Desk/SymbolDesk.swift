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
        /// Tells what happened in a market while nobody listened.
        let history: MarketHistory
        /// Hears up to which print everything is known.
        let known: @Sendable (Print) async -> Void
    }

    let instrument: Instrument
    let parts: Parts
    nonisolated let inbox = DeskInbox()
    var orders: [String: TrackedOrder] = [:]
    var held: HeldPosition?
    var exitsVersion: Int64 = 0
    /// Orders that somebody rang for and that could not be claimed yet.
    var waiting: [String] = []
    /// What the market reached: exits that the venue does not hold are compared with it, since they stand.
    var touched = TouchedPrices()
    /// What the venue would not hold, and what it would not sell.
    var refusals = ExitRefusals()
    /// Why what is held cannot be sold; nil while it can.
    var unsellable: String?
    var isLoaded = false
    /// Since when prints are missing that are to be fetched.
    var behind: Timestamp?
    /// The last fill that happened while the books were away; nil while they are there.
    var guardedSince: Timestamp?
    var nextCatchUp = ContinuousClock.now
    var nextAsideRetry = ContinuousClock.now
    private var isAdopted = false
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
        let isTaken = isToAdopt
        try await load()
        try await lookAll(andWatched: isTaken)
        try await tendExits()
    }

    /// The account is ours, and its venue has not been given what rests there yet.
    private var isToAdopt: Bool { !isAdopted && parts.books.lease != nil }

    /// Everything is in order: no order in doubt, the position guarded.
    var isSettled: Bool {
        isLoaded && isAdopted && !orders.values.contains { $0.life.isInDoubt }
            && (!needsExits || !liveExits.isEmpty || isLeaving)
    }

    func step() async {
        guard ContinuousClock.now >= pausedUntil else { return }
        let work = inbox.take()
        touched.merge(work.touched)
        guard parts.books.isReachable else { return await protectWithoutBooks(work) }
        guard parts.books.lease != nil else { return await standBy() }
        do {
            if !isLoaded || isToAdopt { try await recover() }
            for news in work.news { try await take(news) }
            await catchUp()
            try await fire()
            if work.looksAgain { for id in orders.keys.sorted() { orders[id]?.nextLook = .now } }
            if work.control { try await enforceControl() }
            try await lookDue()
            try await retryAside()
            for id in work.orders where !waiting.contains(id) { waiting.append(id) }
            try await claimWaiting()
            try await sendReady()
            try await tendExits()
            watch()
            await rememberPosition()
        } catch let error as StoreError {
            await fail(error, work)
        } catch {
            parts.logger.error("the desk was interrupted", metadata: ["symbol": "\(symbol)", "error": "\(error)"])
            isLoaded = false
        }
        report()
    }

    /// Waits for the lease. While another host has the account nothing of it is kept: should the database go away, that host
    /// protects what is held, and two would sell it twice.
    private func standBy() async {
        isLoaded = false
        isAdopted = false
        guard parts.books.isElsewhere else { return }
        orders = [:]
        held = nil
        await rememberPosition()
    }

    /// The books are away or disagree: forget what is in mind, and protect what is held from the journal meanwhile.
    private func fail(_ error: StoreError, _ work: DeskInbox.Work) async {
        isLoaded = false
        let metadata: Logger.Metadata = ["symbol": "\(symbol)", "error": "\(error)"]
        if error.isConnectionTrouble || error.code == .closed || error.code == .leaseLost {
            parts.logger.warning("the books are out of reach", metadata: metadata)
            if error.code == .leaseLost {
                // Whoever has the account now may do anything to it: what is in mind is of no use afterwards.
                isAdopted = false
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
        unsellable = snapshot.unsellable
        guardedSince = nil
        if isToAdopt {
            var booked: [Candle] = []
            if let since = waitingSince { booked = try await parts.books.minutes(symbol, since: since) }
            await adopt(booked: booked)
            isAdopted = true
        }
        isLoaded = true
    }

    private func report() {
        let price = parts.board.market(symbol).lastPrice
        parts.metrics.position(symbol, held, price: price)
        if held?.isOpen != true, liveExits.isEmpty { touched.forget(before: parts.board.now - .minutes(1)) }
        parts.metrics.inDoubt(symbol, orders.values.filter { $0.life.isInDoubt }.count)
    }
}

extension SymbolDesk {
    var liveExits: [LiveExit] { orders.values.compactMap(\.liveExit).sorted { $0.order.id < $1.order.id } }

    /// An order that closes the position is on its way, or about to be.
    var isLeaving: Bool { orders.values.contains { $0.booked.leaves } }

    var needsExits: Bool {
        guard let held, held.isOpen, unsellable == nil else { return false }
        return held.stop != nil || held.target != nil
    }
}
