import Domain
import Logging
import RiskManagerCore
import ServiceKit
import Store

/// Decides for one account, one signal at a time, and tends it every second.
actor AccountDesk {
    nonisolated let account: String
    /// Whose signals it follows.
    nonisolated let strategies: Set<String>
    private let books: RiskBooks
    private let figures: AccountFigures
    private let logger: Logger
    private let bell: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private var queue = SignalQueue()
    /// Entries that wait for a price, and since when.
    private var awaiting: [String: ContinuousClock.Instant] = [:]
    private var tendedAt: ContinuousClock.Instant?
    private var sweptAt: ContinuousClock.Instant?
    private var backoff = Backoff(base: .milliseconds(50), limit: .seconds(2))

    private static let tendInterval: Duration = .milliseconds(950)

    init(_ account: RiskSettings.Account, books: RiskBooks, figures: AccountFigures, logger: Logger) {
        self.account = account.id
        self.strategies = account.strategies
        self.books = books
        self.figures = figures
        self.logger = logger
        bell = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A signal came. It may come any number of times.
    func take(_ signal: Signal) {
        guard strategies.contains(signal.strategy) else { return }
        if queue.add(signal) {
            bell.continuation.yield()
        } else {
            figures.queueWasFull()
        }
    }

    /// Something changed that is to be looked at before the next second: a fill, a command.
    func ring() {
        tendedAt = nil
        bell.continuation.yield()
    }

    /// Works until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [bell] in
                while !Task.isCancelled {
                    bell.continuation.yield()
                    await Task.pause(for: .seconds(1))
                }
                bell.continuation.finish()
            }
            for await _ in bell.stream {
                await work()
            }
            group.cancelAll()
        }
    }

    private func work() async {
        do {
            try await decide()
            try await tend()
            try await sweep()
            backoff.reset()
        } catch is CancellationError {
            return
        } catch {
            logger.warning("the account waits", metadata: ["error": "\(error)"])
            await Task.pause(for: backoff.next())
        }
    }

    private func decide() async throws {
        let due = queue.take(entries: books.market.isReady)
        for (index, signal) in due.enumerated() {
            do {
                try await decide(signal)
            } catch let error as StoreError where !error.isRetryable {
                // It cannot be booked, now or later: the strategy goes on asking, and the log goes on telling.
                logger.error(
                    "a signal cannot be booked", metadata: ["correlation": "\(signal.id)", "error": "\(error)"])
            } catch {
                for left in due[index...] { _ = queue.add(left) }
                throw error
            }
        }
    }

    private func decide(_ signal: Signal) async throws {
        let started = ContinuousClock.now
        let waits = awaiting[signal.id].map { started - $0 < patience } ?? true
        switch try await books.decide(signal, account: account, waits: waits) {
        case .decided(let decision):
            settle(signal)
            figures.decided(decision, in: ContinuousClock.now - started)
            logger.info(
                "decided",
                metadata: [
                    "correlation": "\(signal.id)", "decision": "\(decision.id)", "code": "\(decision.code)",
                    "symbol": "\(signal.symbol)", "reason": "\(decision.reason)",
                ])
        case .decidedBefore: settle(signal)
        case .awaitingPrice(let symbol): wait(signal, for: symbol, since: started)
        case .deferred: return
        }
    }

    /// In our own time, for the exchange's stands still where no price comes.
    private var patience: Duration { .nanoseconds(books.policies[account].entryExpiry.nanoseconds) }

    /// It is in the books, from where `sweep` takes it up again.
    private func wait(_ signal: Signal, for symbol: Symbol, since started: ContinuousClock.Instant) {
        guard awaiting[signal.id] == nil else { return }
        awaiting[signal.id] = started
        figures.awaitingPrice(awaiting.count)
        logger.notice(
            "an entry waits for a price that was not heard yet",
            metadata: ["correlation": "\(signal.id)", "symbol": "\(symbol)"])
    }

    private func settle(_ signal: Signal) {
        if awaiting.removeValue(forKey: signal.id) != nil { figures.awaitingPrice(awaiting.count) }
    }

    private func tend() async throws {
        if let tendedAt, ContinuousClock.now - tendedAt < Self.tendInterval { return }
        tendedAt = .now
        figures.show(try await books.tend(account))
    }

    /// Takes up what is in the books without a decision.
    private func sweep() async throws {
        if let sweptAt, ContinuousClock.now - sweptAt < Self.tendInterval { return }
        sweptAt = .now
        for signal in try await books.undecided(account: account, strategies: strategies) where queue.add(signal) {
            bell.continuation.yield()
        }
    }
}
