import Contracts
import Domain
import ExecutionCore
import Logging
import ServiceKit
import Store
import Synchronization

/// Runs one account: its lease, its venue, one desk for each market, and the looks at the whole.
///
/// A market gets its desk when the settings name it, and when the account has an order or a position in it: what was begun there
/// is looked after to its end, whatever became of the settings.
final class AccountDesk: Sendable {
    private struct State {
        var desks: [Symbol: SymbolDesk] = [:]
        var isStopping = false
        /// All markets in which the account has something were found, and each has a desk.
        var isComplete = false
        /// Markets that have something and no desk.
        var unattended: Set<Symbol> = []
        var nextOpening = ContinuousClock.now
    }

    let account: String
    /// The account's rows.
    var books: AccountBooks { parts.books }
    private let parts: SymbolDesk.Parts
    private let markets: Markets
    private let lease: AccountLease
    private let ready: Health.Dependency
    private let paper: PaperAdapter?
    private let state = Mutex(State())
    private let arrivals: (stream: AsyncStream<SymbolDesk>, continuation: AsyncStream<SymbolDesk>.Continuation)

    /// - Parameter markets: those of the settings are open.
    init(
        account: String, symbols: [Symbol], markets: Markets, parts: SymbolDesk.Parts, lease: AccountLease,
        ready: Health.Dependency, paper: PaperAdapter?
    ) {
        self.account = account
        self.markets = markets
        self.parts = parts
        self.lease = lease
        self.ready = ready
        self.paper = paper
        arrivals = AsyncStream.makeStream()
        for symbol in symbols { begin(symbol) }
    }

    /// Works until `stop`, then brings to an end what is under way.
    func run() async {
        await openFromJournal()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.lease.run() }
            group.addTask { await self.listen() }
            group.addTask { await self.every(.milliseconds(200)) { await self.pokeAll() } }
            group.addTask { await self.every(.seconds(1)) { await self.poll() } }
            group.addTask { await self.every(.seconds(30)) { await self.reconcile() } }
            await withDiscardingTaskGroup { running in
                for await desk in self.arrivals.stream { running.addTask { await desk.run() } }
            }
            group.cancelAll()
        }
        await lease.release()
    }

    /// Takes nothing in any more; `run` returns when the desks are through.
    func stop() {
        let desks = state.withLock { state in
            state.isStopping = true
            return state.desks.values
        }
        arrivals.continuation.finish()
        for desk in desks { desk.inbox.close() }
    }

    /// Tries at once to book what is set aside in a market.
    func retryAside(_ symbol: Symbol) async { await desk(symbol)?.retryAsideNow() }

    /// An order was approved; where the market it is in is known, and has its desk, nothing else has to be looked for.
    func ring(for order: String, in symbol: Symbol?) async {
        guard parts.books.lease != nil, let symbol, let desk = desk(symbol) else { return await claimable() }
        desk.inbox.ring(for: order)
    }

    func control() async {
        for desk in sorted { desk.inbox.control() }
        await claimable()
    }

    func take(_ prints: [Print], of symbol: Symbol) {
        paper?.handle(prints)
        desk(symbol)?.inbox.add(prints)
    }

    /// Takes in prints that were missed when they happened.
    func makeUp(for prints: [Print], of symbol: Symbol) async {
        await paper?.makeUp(for: prints, symbol)
        desk(symbol)?.inbox.add(prints)
    }

    /// Something of the account waits for a price that only prints bring.
    func needsPrints(of symbol: Symbol) -> Bool {
        paper?.needsPrints(of: symbol) == true || desk(symbol)?.inbox.isWatching == true
    }

    private var sorted: [SymbolDesk] {
        state.withLock { state in state.desks.keys.sorted().compactMap { state.desks[$0] } }
    }

    private func desk(_ symbol: Symbol) -> SymbolDesk? { state.withLock { $0.desks[symbol] } }

    /// Gives a market whose rules are known its desk.
    private func begin(_ symbol: Symbol) {
        guard let instrument = markets.rules[symbol] else { return }
        paper?.list(instrument)
        let desk = SymbolDesk(instrument: instrument, parts: parts)
        let isNew = state.withLock { state in
            guard state.desks[symbol] == nil, !state.isStopping else { return false }
            state.desks[symbol] = desk
            return true
        }
        if isNew { arrivals.continuation.yield(desk) }
    }

    /// Opens the markets that have no desk yet; one whose rules nobody tells is asked for again after a while.
    private func open(_ symbols: [Symbol]) async {
        let new = symbols.filter { desk($0) == nil }
        let known = state.withLock { $0.unattended }
        guard !new.isEmpty, !known.isSuperset(of: new) || state.withLock({ $0.nextOpening <= .now }) else { return }
        let metadata: Logger.Metadata = ["symbols": "\(new.map(\.name).joined(separator: ", "))"]
        do throws(MarketRules.Missing) {
            try await markets.open(new)
            parts.logger.notice(
                "something is open in markets outside the settings: they are looked after", metadata: metadata)
        } catch {
            parts.logger.critical("a market cannot be looked after", metadata: ["error": "\(error)"])
        }
        for symbol in new { begin(symbol) }
        state.withLock { state in
            state.unattended = state.unattended.union(new).filter { state.desks[$0] == nil }
            state.nextOpening = .now + .seconds(30)
        }
    }

    /// The markets of the journal can be protected even while the books are away.
    private func openFromJournal() async {
        do { await open(try parts.journal.symbols()) } catch {
            parts.logger.critical("the exit journal cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// The markets in which the account has something.
    private func openFromBooks() async throws {
        let symbols = try await parts.books.symbols()
        await open(symbols)
        let missing = state.withLock { state in
            let missing = symbols.filter { state.desks[$0] == nil }
            state.isComplete = missing.isEmpty
            return missing
        }
        parts.metrics.unattended(missing.count)
    }

    /// Passes the venue's reports on to the desks.
    private func listen() async {
        while !Task.isCancelled {
            do {
                try await parts.venue.run { [self] news in
                    switch news {
                    case .order(let order): desk(order.symbol)?.inbox.add(order)
                    case .connected:
                        parts.gate.streams(true)
                        for desk in sorted { desk.inbox.lookAgain() }
                    case .disconnected: parts.gate.streams(false)
                    }
                }
            } catch is CancellationError { return } catch {
                parts.gate.streams(false)
                parts.logger.error("the venue cannot be listened to", metadata: ["error": "\(error)"])
            }
            await Task.pause(for: .seconds(1))
        }
    }

    private func every(_ interval: Duration, _ body: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await body()
            await Task.pause(for: interval)
        }
    }

    private func pokeAll() async {
        let desks = sorted
        for desk in desks { desk.inbox.poke() }
        var settled = state.withLock { $0.isComplete }
        for desk in desks where await !desk.isSettled { settled = false }
        if settled { ready.up() } else { ready.down("orders and exits are not reconciled with the venue yet") }
    }

    /// What bell and events may have missed.
    private func poll() async {
        await claimable()
        do {
            let totals = try await parts.books.totals()
            parts.books.isReachable = true
            guard let totals else { return }
            parts.metrics.totals(totals)
            try await openFromBooks()
            if totals.trading != .running { for desk in sorted { desk.inbox.control() } }
        } catch {
            parts.logger.debug("the account could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func claimable() async {
        guard parts.books.lease != nil else { return }
        do {
            let orders = try await parts.books.approved()
            await open(Set(orders.map(\.symbol)).sorted())
            for order in orders { desk(order.symbol)?.inbox.ring(for: order.id) }
        } catch {
            parts.logger.debug("approved orders could not be read", metadata: ["error": "\(error)"])
        }
    }

    /// Compares the whole account with the venue: strangers among the orders, positions that do not exist there.
    private func reconcile() async {
        guard parts.books.lease != nil else { return }
        do {
            try await dismissStrangers()
            try await verifyPositions()
        } catch {
            parts.logger.warning("the venue could not be compared with the books", metadata: ["error": "\(error)"])
        }
    }

    private func dismissStrangers() async throws {
        let there = try await parts.venue.openOrders()
        let ids = there.map(\.id).filter { Reconciliation.stranger(clientID: $0) == .cancelLoudly }
        guard !ids.isEmpty else { return }
        let over = try await parts.books.strangers(among: ids)
        for order in there where over.contains(order.id) {
            parts.logger.critical(
                "an order at the venue is not open in the books and is cancelled",
                metadata: ["order": "\(order.id)", "symbol": "\(order.symbol)"])
            try await parts.venue.cancel(order.id, order.symbol)
        }
    }

    private func verifyPositions() async throws {
        guard let holdings = try await parts.venue.holdings() else { return }
        var ours: [Reconciliation.Holding] = []
        for desk in sorted {
            ours.append(.init(instrument: desk.instrument, quantity: await desk.held?.position.quantity ?? .zero))
        }
        for (symbol, missing) in Reconciliation.missing(ours, venue: holdings) {
            if missing.isPositive {
                parts.logger.critical(
                    "the venue holds less than the books", metadata: ["symbol": "\(symbol)", "missing": "\(missing)"])
            }
            parts.metrics.missing(symbol, missing)
        }
    }
}

extension AccountBooks {
    /// Which of these ids are over in the books, or not in them at all.
    func strangers(among ids: [String]) async throws -> Set<String> {
        let live = try await database.query(
            """
            SELECT id FROM orders WHERE id = ANY ($1::text[])
                AND (state IN ('approved', 'submitting', 'open', 'partially_filled')
                    OR updated_at > clock_timestamp() - interval '10 seconds')
            """, [BoundArray(ids)]
        ).map { try $0.text("id") }
        return Set(ids).subtracting(live)
    }
}
