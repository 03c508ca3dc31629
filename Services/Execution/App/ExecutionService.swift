import Bus
import Contracts
import Domain
import Exchanges
import ExecutionCore
import Foundation
import Logging
import ServiceKit
import ServiceLifecycle
import Store
import Synchronization

/// Claims approved orders, sends them, books what happens, and keeps every position guarded.
final class ExecutionService: Service {
    let settings: ExecutionSettings
    let bus: Bus
    let database: Database
    let board: PriceBoard
    let context: ServiceContext
    private let markets: Markets
    private let reader: EventReader
    private let makeVenue: @Sendable (ExecutionSettings.Account, MarketRules) -> any Venue
    private let instruments: Health.Dependency
    private let stopping = Mutex<(isStopping: Bool, desks: [AccountDesk])>((false, []))

    /// - Parameters:
    ///   - market: reads the rules of the markets, and prints that were missed.
    ///   - venue: makes the venue of an account.
    init(
        _ settings: ExecutionSettings, context: ServiceContext, bus: Bus, database: Database, hooks: StoreHooks,
        market: BinanceREST,
        venue: @escaping @Sendable (ExecutionSettings.Account, MarketRules) -> any Venue
    ) {
        self.settings = settings
        self.context = context
        self.bus = bus
        self.database = database
        makeVenue = venue
        let clock = context.clock
        let board = PriceBoard(wallClock: { clock.now() })
        self.board = board
        let logger = context.logger("market")
        markets = Markets(
            rules: MarketRules(folder: settings.stateFolder, logger: logger) {
                try await market.exchangeInfo($0).instruments
            }, history: MarketHistory(market, now: { board.now }), board: board, metrics: context.metrics,
            logger: logger)
        instruments = context.health.dependency("instruments")
        reader = EventReader(
            database: database,
            settings: .init(
                consumer: "execution", types: [OrderApproved.type, ControlChanged.type], start: .now),
            hooks: hooks, logger: context.logger("events"))
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await self.serve()
        } onGracefulShutdown: {
            self.stop()
        }
        await database.close()
    }

    private func stop() {
        let desks = stopping.withLock { state in
            state.isStopping = true
            return state.desks
        }
        for desk in desks { desk.stop() }
    }

    /// The accounts that are being run, by id; none before the markets are known.
    var accounts: [String: AccountDesk] {
        Dictionary(uniqueKeysWithValues: stopping.withLock { $0.desks }.map { ($0.account, $0) })
    }

    private func serve() async {
        guard await openMarkets() else { return }
        let desks: [AccountDesk]
        do {
            desks = try settings.accounts.map { try desk($0) }
        } catch {
            return context.logger.critical("an account cannot be run", metadata: ["error": "\(error)"])
        }
        let stopped = stopping.withLock { state in
            state.desks = desks
            return state.isStopping
        }
        guard !stopped else { return }
        let byAccount = Dictionary(uniqueKeysWithValues: desks.map { ($0.account, $0) })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.markets.run(desks, bus: self.bus) }
            group.addTask { await self.listenToApprovals(byAccount) }
            group.addTask { await self.listenToControl(byAccount) }
            group.addTask { await self.readEvents(byAccount) }
            await withTaskGroup(of: Void.self) { running in
                for desk in desks { running.addTask { await desk.run() } }
                await running.waitForAll()
            }
            group.cancelAll()
        }
    }

    private func desk(_ account: ExecutionSettings.Account) throws -> AccountDesk {
        let folder = URL(filePath: settings.stateFolder).appending(path: account.id)
        let journal = try ExitJournal(folder: folder, account: account.id)
        let clock = context.clock
        let books = AccountBooks(account: account.id, database: database, wallClock: { clock.now() })
        let venue = makeVenue(account, markets.rules)
        var logger = context.logger("desk")
        logger[metadataKey: "account"] = "\(account.id)"
        let parts = SymbolDesk.Parts(
            books: books, venue: venue, board: board, checks: settings.checks,
            gate: VenueGate(venue: venue.name, account: account.id, metrics: context.metrics),
            metrics: AccountMetrics(account: account.id, metrics: context.metrics), journal: journal, logger: logger,
            pollInterval: settings.pollInterval, history: markets.history,
            known: { [markets] in await markets.known(through: $0) })
        return AccountDesk(
            account: account.id, symbols: settings.symbols, markets: markets, parts: parts,
            lease: try AccountLease(books: books, folder: folder, logger: logger),
            ready: context.health.dependency("account-\(account.id)"), paper: venue as? PaperAdapter)
    }
}

extension ExecutionService {
    /// Opens the markets of the settings; false when the service ends before their rules are known.
    private func openMarkets() async -> Bool {
        while !Task.isCancelled, !stopping.withLock({ $0.isStopping }) {
            do throws(MarketRules.Missing) {
                try await markets.open(settings.symbols)
                instruments.up()
                return true
            } catch {
                instruments.down("\(error)")
            }
            await Task.pause(for: .milliseconds(500))
        }
        return false
    }

    private func listenToApprovals(_ desks: [String: AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.approvals]) {
            guard case .message(let envelope) = message else {
                reader.ring()
                continue
            }
            await desks[envelope.data.account]?.ring(for: envelope.data.orderID, in: envelope.data.symbol)
        }
    }

    private func listenToControl(_ desks: [String: AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.control]) {
            reader.ring()
            if case .message(let envelope) = message { await desks[envelope.data.account]?.control() }
        }
    }

    /// Reads on where the bell was not heard.
    private func readEvents(_ desks: [String: AccountDesk]) async {
        do {
            try await reader.run { event, _ in
                if event.type == ControlChanged.type {
                    await desks[try event.envelope(of: ControlChanged.self).data.account]?.control()
                } else {
                    let approved = try event.envelope(of: OrderApproved.self).data
                    await desks[approved.account]?.ring(for: approved.orderID, in: approved.symbol)
                }
            }
        } catch is CancellationError { return } catch {
            context.logger.error("events cannot be read", metadata: ["error": "\(error)"])
        }
    }
}
