import Domain
import Logging
import RiskManagerCore
import ServiceKit

/// Asks the venue for the rules of markets.
typealias InstrumentSource = @Sendable ([Symbol]) async throws -> [Symbol: Instrument]

/// Keeps what the market view needs beside the bus: the last candles where there are no prints, and the venue's rules.
struct MarketFeed: Sendable {
    let symbols: [Symbol]
    let books: RiskBooks
    let instruments: InstrumentSource
    let health: Health
    let logger: Logger

    private var market: MarketView { books.market }

    /// Reads until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await readCandles() }
            group.addTask { await readInstruments() }
        }
    }

    /// Every few seconds, so that a lost bus leaves prices a candle old and not none; oftener while prices may have been missed.
    private func readCandles() async {
        while !Task.isCancelled {
            do {
                for (symbol, close) in try await books.lastCandles(of: symbols) { market.note(symbol, close: close) }
                market.noteHistory()
            } catch {
                logger.debug("last candles cannot be read", metadata: ["error": "\(error)"])
            }
            let isSettled = market.isReady && market.hasHeard(symbols)
            await Task.pause(for: isSettled ? .seconds(5) : .milliseconds(500))
        }
    }

    /// Until they come, and then every hour.
    private func readInstruments() async {
        let dependency = health.dependency("instruments")
        var backoff = Backoff(base: .milliseconds(200), limit: .seconds(10))
        while !Task.isCancelled {
            do {
                let found = try await instruments(symbols)
                let missing = symbols.filter { found[$0] == nil }
                market.note(found)
                if missing.isEmpty {
                    dependency.up()
                } else {
                    dependency.down("the venue does not trade \(missing.map(\.name).joined(separator: ", "))")
                }
                backoff.reset()
                await Task.pause(for: .seconds(3600))
            } catch {
                if market.instruments == nil { dependency.down("\(error)") }
                await Task.pause(for: backoff.next())
            }
        }
    }
}
