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
    private let market: BinanceREST
    private let reader: EventReader
    private let makeVenue: @Sendable (ExecutionSettings.Account, [Symbol: Instrument]) -> any Venue
    private let instruments: Health.Dependency
    private let stopping = Mutex<(isStopping: Bool, desks: [AccountDesk])>((false, []))

    /// - Parameters:
    ///   - market: reads the rules of the markets.
    ///   - venue: makes the venue of an account.
    init(
        _ settings: ExecutionSettings, context: ServiceContext, bus: Bus, database: Database, hooks: StoreHooks,
        market: BinanceREST,
        venue: @escaping @Sendable (ExecutionSettings.Account, [Symbol: Instrument]) -> any Venue
    ) {
        self.settings = settings
        self.context = context
        self.bus = bus
        self.database = database
        self.market = market
        makeVenue = venue
        let clock = context.clock
        board = PriceBoard(wallClock: { clock.now() })
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

    private func serve() async {
        guard let instruments = await loadInstruments() else { return }
        let desks: [AccountDesk]
        do {
            desks = try settings.accounts.map { try desk($0, instruments) }
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
            for symbol in settings.symbols { group.addTask { await self.listenToPrints(symbol, desks) } }
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

    private func desk(_ account: ExecutionSettings.Account, _ instruments: [Symbol: Instrument]) throws -> AccountDesk {
        let folder = URL(filePath: settings.stateFolder).appending(path: account.id)
        let journal = try ExitJournal(folder: folder, account: account.id)
        let clock = context.clock
        let books = AccountBooks(account: account.id, database: database, wallClock: { clock.now() })
        let venue = makeVenue(account, instruments)
        var logger = context.logger("desk")
        logger[metadataKey: "account"] = "\(account.id)"
        let parts = SymbolDesk.Parts(
            books: books, venue: venue, board: board, checks: settings.checks,
            gate: VenueGate(venue: venue.name, account: account.id, metrics: context.metrics),
            metrics: AccountMetrics(account: account.id, metrics: context.metrics), journal: journal, logger: logger,
            pollInterval: settings.pollInterval)
        return AccountDesk(
            account: account.id, instruments: instruments, parts: parts,
            lease: try AccountLease(books: books, folder: folder, logger: logger),
            ready: context.health.dependency("account-\(account.id)"), paper: venue as? PaperAdapter)
    }
}

extension ExecutionService {
    /// Asks for the markets' rules until they come; those of the last start serve while the exchange is away.
    private func loadInstruments() async -> [Symbol: Instrument]? {
        let file = URL(filePath: settings.stateFolder).appending(path: "instruments.json")
        while !Task.isCancelled, !stopping.withLock({ $0.isStopping }) {
            do {
                let found = try await market.exchangeInfo(settings.symbols).instruments
                let missing = settings.symbols.filter { found[$0] == nil }
                if missing.isEmpty {
                    instruments.up()
                    try? FileManager.default.createDirectory(
                        atPath: settings.stateFolder, withIntermediateDirectories: true)
                    try? JSONEncoder().encode(found.values.sorted { $0.symbol < $1.symbol }).write(to: file)
                    return found
                }
                instruments.down("the exchange does not trade \(missing.map(\.name).joined(separator: ", "))")
            } catch {
                if let kept = try? JSONDecoder().decode([Instrument].self, from: Data(contentsOf: file)),
                    Set(kept.map(\.symbol)).isSuperset(of: settings.symbols)
                {
                    instruments.up()
                    return Dictionary(kept.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
                }
                instruments.down("\(error)")
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        return nil
    }

    private func listenToPrints(_ symbol: Symbol, _ desks: [AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.prints(symbol)]) {
            guard case .message(let envelope) = message, envelope.data.symbol == symbol else { continue }
            board.note(envelope.data.prints)
            for desk in desks { desk.take(envelope.data.prints, of: symbol) }
        }
    }

    private func listenToApprovals(_ desks: [String: AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.approvals]) {
            guard case .message(let envelope) = message else {
                reader.ring()
                continue
            }
            await desks[envelope.data.account]?.ring()
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
                    await desks[try event.envelope(of: OrderApproved.self).data.account]?.ring()
                }
            }
        } catch is CancellationError { return } catch {
            context.logger.error("events cannot be read", metadata: ["error": "\(error)"])
        }
    }
}
