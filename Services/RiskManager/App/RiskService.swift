import Bus
import Contracts
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store

/// Decides about signals, and carries out what the owner commands.
struct RiskService: Service {
    private let settings: RiskSettings
    private let context: ServiceContext
    private let bus: Bus
    private let books: RiskBooks
    private let instruments: InstrumentSource
    private let accountsReady: Health.Dependency
    private let hearing: Health.Dependency
    private let prices: Health.Dependency

    init(
        _ settings: RiskSettings, context: ServiceContext, bus: Bus, books: RiskBooks,
        instruments: @escaping InstrumentSource
    ) {
        self.settings = settings
        self.context = context
        self.bus = bus
        self.books = books
        self.instruments = instruments
        accountsReady = context.health.dependency("accounts")
        _ = context.health.dependency("instruments")
        hearing = context.health.dependency("subscriptions")
        prices = context.health.dependency("prices", required: false)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await serve() }
        await books.database.close()
    }

    private func serve() async {
        guard await makeAccounts() else { return }
        let desks = settings.accounts.map { account in
            AccountDesk(
                account, books: books, figures: AccountFigures(account: account.id, metrics: context.metrics),
                logger: logger(for: account.id))
        }
        let feed = MarketFeed(
            symbols: settings.symbols, books: books, instruments: instruments, health: context.health,
            logger: context.logger("market"))
        let intake = Intake(
            symbols: settings.symbols, market: books.market, clock: context.clock, metrics: context.metrics,
            hearing: hearing, prices: prices)
        let followed = desks.reduce(into: Set<String>()) { $0.formUnion($1.strategies) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await feed.run() }
            group.addTask { await intake.run(bus) { await take($0, desks, followed) } }
            group.addTask { await listenToPositions(desks) }
            group.addTask { await listenToControl(desks) }
            for desk in desks { group.addTask { await desk.run() } }
        }
    }

    private func logger(for account: String) -> Logger {
        var logger = context.logger("desk")
        logger[metadataKey: "account"] = "\(account)"
        return logger
    }

    /// Waits for the database and the schema. False when the service is stopping.
    private func makeAccounts() async -> Bool {
        var backoff = Backoff(base: .milliseconds(200), limit: .seconds(5))
        while !Task.isCancelled {
            do {
                try await books.ensure(settings.accounts)
                accountsReady.up()
                return true
            } catch {
                accountsReady.down("\(error)")
                context.logger.warning("waiting for the books", metadata: ["error": "\(error)"])
                await Task.pause(for: backoff.next())
            }
        }
        return false
    }

    /// What is missed here comes again: strategies repeat what is not in the books.
    private func take(_ signal: Signal, _ desks: [AccountDesk], _ followed: Set<String>) async {
        guard signal.isSound else {
            return context.logger.warning("a signal's id is not its own", metadata: ["signal": "\(signal.id)"])
        }
        guard followed.contains(signal.strategy) else { return await bookUnfollowed(signal) }
        for desk in desks { await desk.take(signal) }
    }

    private func bookUnfollowed(_ signal: Signal) async {
        do {
            try await books.bookUnfollowed(signal)
        } catch {
            context.logger.debug("a signal nobody follows is not booked", metadata: ["error": "\(error)"])
        }
    }

    private func listenToPositions(_ desks: [AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.positions]) {
            guard case .message(let envelope) = message else { continue }
            for desk in desks where desk.account == envelope.data.account { await desk.ring() }
        }
    }

    private func listenToControl(_ desks: [AccountDesk]) async {
        for await message in bus.subscribe(to: [Channels.control]) {
            guard case .message(let envelope) = message else { continue }
            for desk in desks where desk.account == envelope.data.account { await desk.ring() }
        }
    }
}

extension Signal {
    /// Its id is derived from what it says. A message from elsewhere that says otherwise is not believed.
    fileprivate var isSound: Bool {
        id
            == Signal(
                strategy: strategy, symbol: symbol, timeframe: timeframe, candleClose: candleClose, action: action,
                price: price, stop: stop, target: target, confidence: confidence, reasons: reasons
            ).id
    }
}
