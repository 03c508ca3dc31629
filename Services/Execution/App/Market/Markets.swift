import Bus
import Contracts
import Domain
import Logging
import ServiceKit
import Synchronization
import Wiring

/// The markets this process looks after: those of the settings, and each other one in which an account still has something.
final class Markets: Sendable {
    let rules: MarketRules
    let history: MarketHistory
    private let board: PriceBoard
    private let metrics: Metrics
    private let logger: Logger
    private let opened: (stream: AsyncStream<PrintFeed>, continuation: AsyncStream<PrintFeed>.Continuation)
    private let state = Mutex<(feeds: [Symbol: PrintFeed], desks: [AccountDesk])>(([:], []))

    init(rules: MarketRules, history: MarketHistory, board: PriceBoard, metrics: Metrics, logger: Logger) {
        self.rules = rules
        self.history = history
        self.board = board
        self.metrics = metrics
        self.logger = logger
        opened = AsyncStream.makeStream()
    }

    /// Learns the rules of these markets, and listens to their prints from now on.
    ///
    /// - Throws: `MarketRules.Missing` when there is one without rules; the others are open then.
    func open(_ symbols: [Symbol]) async throws(MarketRules.Missing) {
        let unknown = symbols.filter { rules[$0] == nil }
        var failure: MarketRules.Missing?
        if !unknown.isEmpty {
            do throws(MarketRules.Missing) { try await rules.learn(unknown) } catch { failure = error }
        }
        for symbol in symbols where rules[symbol] != nil {
            let feed = state.withLock { state -> PrintFeed? in
                guard state.feeds[symbol] == nil else { return nil }
                let feed = makeFeed(of: symbol)
                state.feeds[symbol] = feed
                return feed
            }
            if let feed { opened.continuation.yield(feed) }
        }
        if let failure { throw failure }
    }

    /// Everything up to a print is known to those who listen.
    func known(through print: Print) async { await state.withLock { $0.feeds[print.symbol] }?.known(through: print) }

    /// Passes the prints of every open market on to these desks, and hears its quotes, until it is cancelled.
    func run(_ desks: [AccountDesk], bus: Bus) async {
        state.withLock { $0.desks = desks }
        await withDiscardingTaskGroup { group in
            for await feed in opened.stream {
                group.addTask {
                    for await message in bus.subscribe(to: [Channels.prints(feed.symbol)]) {
                        guard case .message(let envelope) = message else { continue }
                        let prints = self.believed(envelope.data.prints, of: feed.symbol)
                        if !prints.isEmpty { await feed.hear(prints) }
                    }
                }
                group.addTask { await self.hearQuotes(of: feed.symbol, bus) }
                group.addTask {
                    while !Task.isCancelled {
                        await feed.tend()
                        await Task.pause(for: .milliseconds(250))
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// The prints of a message that can be true; the others are counted.
    private func believed(_ prints: [Print], of symbol: Symbol) -> [Print] {
        let (believed, refused) = Implausible.sift(
            prints, of: symbol, clock: board.clock, newest: board.newest ?? .zero)
        for reason in refused { metrics.messageRefused(PrintBatch.type, reason.rawValue) }
        return believed
    }

    private func hearQuotes(of symbol: Symbol, _ bus: Bus) async {
        for await message in bus.subscribe(to: [Channels.quotes(symbol)]) {
            guard case .message(let envelope) = message else { continue }
            let quote = envelope.data.quote
            if let reason = quote.implausible(in: symbol, clock: board.clock, newest: board.newest ?? .zero) {
                metrics.messageRefused(QuoteUpdate.type, reason.rawValue)
            } else {
                board.note(quote)
            }
        }
    }

    private func makeFeed(of symbol: Symbol) -> PrintFeed {
        let desks: @Sendable () -> [AccountDesk] = { [weak self] in self?.state.withLock { $0.desks } ?? [] }
        let board = board
        return PrintFeed(
            symbol, history: history,
            sink: .init(
                take: { prints in
                    board.note(prints)
                    for desk in desks() { desk.take(prints, of: symbol) }
                },
                makeUp: { prints in for desk in desks() { await desk.makeUp(for: prints, of: symbol) } },
                isNeeded: { desks().contains { $0.needsPrints(of: symbol) } }),
            metrics: metrics, logger: logger, now: { board.now })
    }
}
