import Contracts
import Domain
import Logging
import MarketDataCore
import ServiceKit
import ServiceLifecycle
import Store
import Synchronization

/// Stores final candles and gaps in batches, and waits out a database that is away.
final class CandleStore: Service {
    private static let batchLimit = 500

    private let records: CandleRecords
    private let exchange: String
    private let clock: any WallClock
    private let figures: MarketFigures
    private let logger: Logger
    private let backlog = Mutex(CandleBacklog())
    private let wake: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    init(
        _ records: CandleRecords, exchange: String, clock: any WallClock, figures: MarketFigures, logger: Logger
    ) {
        self.records = records
        self.exchange = exchange
        self.clock = clock
        self.figures = figures
        self.logger = logger
        (wake, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes candles to store; never waits.
    func add(_ candles: [Candle]) {
        guard !candles.isEmpty else { return }
        let dropped = backlog.withLock { $0.add(candles) }
        if dropped > 0 { figures.candlesDropped(dropped) }
        ring.yield()
    }

    /// Takes a gap to store and to tell of.
    func add(_ gap: CandleGap) {
        backlog.withLock { $0.add(gap) }
        ring.yield()
    }

    /// What happened from `time` on is to be fetched again when the database is there.
    func lose(_ symbol: Symbol, from time: Timestamp) { backlog.withLock { $0.lose(symbol, from: time) } }

    /// From when on a market's candles must be fetched again, told once; nil while older ones still wait to be stored.
    func takeLost(_ symbol: Symbol) -> Timestamp? {
        backlog.withLock { $0.isEmpty ? $0.takeLost(symbol) : nil }
    }

    /// Stores until the shutdown, and then what is left, for at most five seconds.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in wake { await drain(until: nil) }
        }
        await drain(until: .now + .seconds(5))
    }

    /// Stores until nothing is left; with a limit also until the first failure.
    private func drain(until limit: ContinuousClock.Instant?) async {
        var backoff = Backoff(base: .milliseconds(100), limit: .seconds(5))
        while let work = backlog.withLock({ $0.next(limit: Self.batchLimit) }) {
            if let limit, ContinuousClock.now > limit { return }
            do {
                try await write(work)
                finish(work)
                backoff.reset()
            } catch let error as StoreError where error.isRetryable {
                guard limit == nil else { return }
                if await !Task.pause(for: backoff.next()) { return }
            } catch is CancellationError {
                return
            } catch {
                await giveUp(work, error)
            }
        }
    }

    private func finish(_ work: CandleBacklog.Work) {
        let count = backlog.withLock { backlog in
            backlog.done(work)
            return backlog.candleCount
        }
        figures.candlesWaiting(count)
    }

    private func write(_ work: CandleBacklog.Work) async throws {
        switch work {
        case .candles(let candles): try await records.store(candles)
        case .gap(let gap): try await records.store(gap, event: event(gap))
        }
    }

    /// One impossible candle must not keep the others from being stored.
    private func giveUp(_ work: CandleBacklog.Work, _ error: any Error) async {
        if case .candles(let candles) = work, candles.count > 1 {
            for candle in candles {
                do {
                    try await records.store([candle])
                } catch let error as StoreError where error.isRetryable {
                    return
                } catch {
                    logger.error("cannot store a candle", metadata: ["candle": "\(candle)", "error": "\(error)"])
                }
            }
        } else {
            logger.error("cannot store", metadata: ["work": "\(work)", "error": "\(error)"])
        }
        finish(work)
    }

    private func event(_ gap: CandleGap) -> Envelope<SuiteEvent> {
        let id = DerivedID.make("gap", exchange, gap.symbol.name, String(gap.from.nanoseconds))
        let minutes = (gap.to - gap.from).nanoseconds / 60_000_000_000
        let event = SuiteEvent(
            kind: "gap_reported", severity: "warning", summary: "\(gap.symbol): no candles for \(minutes) minutes",
            description: "From \(gap.from) to \(gap.to) \(exchange) has no candles: trading was halted.",
            labels: ["exchange": exchange, "symbol": gap.symbol.name])
        return Envelope(
            id: id, source: "market-data", at: clock.now(), correlation: id, key: gap.symbol.name, data: event)
    }
}
