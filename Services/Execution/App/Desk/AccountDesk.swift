import Contracts
import Domain
import ExecutionCore
import Logging
import ServiceKit
import Store

/// Runs one account: its lease, its venue, one desk a market, and the looks at the whole.
final class AccountDesk: Sendable {
    let account: String
    private let parts: SymbolDesk.Parts
    private let desks: [Symbol: SymbolDesk]
    private let lease: AccountLease
    private let ready: Health.Dependency
    private let paper: PaperAdapter?

    init(
        account: String, instruments: [Symbol: Instrument], parts: SymbolDesk.Parts, lease: AccountLease,
        ready: Health.Dependency, paper: PaperAdapter?
    ) {
        self.account = account
        self.parts = parts
        self.lease = lease
        self.ready = ready
        self.paper = paper
        desks = instruments.mapValues { SymbolDesk(instrument: $0, parts: parts) }
    }

    /// Works until `stop`, then brings to an end what is under way.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.lease.run() }
            group.addTask { await self.listen() }
            group.addTask { await self.every(.milliseconds(200)) { await self.pokeAll() } }
            group.addTask { await self.every(.seconds(1)) { await self.poll() } }
            group.addTask { await self.every(.seconds(30)) { await self.reconcile() } }
            await withTaskGroup(of: Void.self) { desks in
                for desk in self.sorted { desks.addTask { await desk.run() } }
                await desks.waitForAll()
            }
            group.cancelAll()
        }
        await lease.release()
    }

    /// Takes nothing in any more; `run` returns when the desks are through.
    func stop() { for desk in sorted { desk.inbox.close() } }

    func ring(for order: String, _ symbol: Symbol? = nil) {
        if let symbol { desks[symbol]?.inbox.ring(for: order) }
    }

    /// Looks for approved orders at once.
    func ring() async { await claimable() }

    func control() async {
        for desk in sorted { desk.inbox.control() }
        await claimable()
    }

    func take(_ prints: [Print], of symbol: Symbol) {
        paper?.handle(prints)
        desks[symbol]?.inbox.add(prints)
    }

    private var sorted: [SymbolDesk] { desks.keys.sorted().compactMap { desks[$0] } }

    /// Passes the venue's reports on to the desks.
    private func listen() async {
        while !Task.isCancelled {
            do {
                try await parts.venue.run { [desks, parts] news in
                    switch news {
                    case .order(let order): desks[order.symbol]?.inbox.add(order)
                    case .connected:
                        parts.gate.streams(true)
                        for desk in desks.values { desk.inbox.lookAgain() }
                    case .disconnected: parts.gate.streams(false)
                    }
                }
            } catch is CancellationError { return } catch {
                parts.gate.streams(false)
                parts.logger.error("the venue cannot be listened to", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func every(_ interval: Duration, _ body: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await body()
            try? await Task.sleep(for: interval)
        }
    }

    private func pokeAll() async {
        for desk in sorted { desk.inbox.poke() }
        var settled = true
        for desk in sorted where await !desk.isSettled { settled = false }
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
            if totals.trading == .stopped { for desk in sorted { desk.inbox.control() } }
        } catch {
            parts.logger.debug("the account could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func claimable() async {
        guard parts.books.lease != nil else { return }
        do {
            for order in try await parts.books.approved() { desks[order.symbol]?.inbox.ring(for: order.id) }
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
        for desk in sorted {
            let instrument = desk.instrument
            let ours = await desk.held?.position.quantity ?? .zero
            let theirs = holdings[instrument.base] ?? .zero
            var missing = Quantity.zero
            if case .missing(let quantity) = Reconciliation.position(
                ours: ours, venue: theirs, lot: instrument.lotSize)
            {
                missing = quantity
                parts.logger.critical(
                    "the venue holds less than the books",
                    metadata: ["symbol": "\(instrument.symbol)", "missing": "\(quantity)"])
            }
            parts.metrics.missing(instrument.symbol, missing)
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
