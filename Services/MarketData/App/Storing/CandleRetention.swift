import Domain
import Logging
import ServiceKit
import ServiceLifecycle

/// Removes candles that are older than their timeframe is kept, counted back from the newest one of the same market: in
/// exchange time, so that a replay of the past keeps its candles, and a source that fell silent too.
struct CandleRetention: Service {
    /// Rows of one statement: each is short, and the candles that are stored meanwhile wait for none of them.
    static let batchLimit = 1000
    private static let pause = Duration.milliseconds(100)
    private static let interval = Duration.seconds(600)

    let records: CandleRecords
    let symbols: [Symbol]
    /// What is not listed is kept for ever.
    let kept: [Timeframe: Timestamp.Span]
    let figures: MarketFigures
    let logger: Logger

    /// Sweeps again and again until the graceful shutdown. A failure only puts off what is to be removed.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    try await sweep()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("old candles are not removed yet", metadata: ["error": "\(error)"])
                }
            } while await Task.pause(for: Self.interval)
        }
    }

    /// Removes everything that is too old now.
    func sweep() async throws {
        for (timeframe, span) in kept.sorted(by: { $0.key.span < $1.key.span }) {
            for symbol in symbols {
                while true {
                    let count = try await records.removeOld(symbol, timeframe, kept: span, limit: Self.batchLimit)
                    figures.candlesRemoved(count, timeframe)
                    if count < Self.batchLimit { break }
                    try await Task.sleep(for: Self.pause)
                }
            }
        }
    }
}
