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
                    try? await Task.sleep(for: .seconds(1))
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
            try? await Task.sleep(for: backoff.next())
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
        switch try await books.decide(signal, account: account) {
        case .decided(let decision):
            figures.decided(decision, in: ContinuousClock.now - started)
            logger.info(
                "decided",
                metadata: [
                    "correlation": "\(signal.id)", "decision": "\(decision.id)", "code": "\(decision.code)",
                    "symbol": "\(signal.symbol)", "reason": "\(decision.reason)",
                ])
        case .decidedBefore, .deferred:
            return
        }
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
