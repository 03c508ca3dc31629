import Bus
import Contracts
import Domain
import Logging
import RiskManagerCore
import ServiceKit

/// Asks the venue for the rules of markets.
typealias InstrumentSource = @Sendable ([Symbol]) async throws -> [Symbol: Instrument]

/// Keeps the market view: prints from the bus, the last candles where there are none, and the venue's rules.
struct MarketFeed: Sendable {
    let symbols: [Symbol]
    let bus: Bus
    let books: RiskBooks
    let instruments: InstrumentSource
    let health: Health
    let logger: Logger

    private var market: MarketView { books.market }

    /// Listens until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await listenToPrints() }
            group.addTask { await listenToQuotes() }
            group.addTask { await readCandles() }
            group.addTask { await readInstruments() }
        }
    }

    private func listenToPrints() async {
        for await message in bus.subscribe(to: symbols.map(Channels.prints)) {
            guard case .message(let envelope) = message else { continue }
            let batch = envelope.data
            market.note(
                batch.symbol,
                batch.prints.lazy.filter { $0.symbol == batch.symbol }
                    .map { PricePoint(price: $0.price, time: $0.time) })
        }
    }

    /// A quote is a price only where nothing was traded since: its middle.
    private func listenToQuotes() async {
        for await message in bus.subscribe(to: symbols.map(Channels.quotes)) {
            guard case .message(let envelope) = message else { continue }
            let quote = envelope.data.quote
            guard quote.bid.isPositive, quote.ask >= quote.bid else { continue }
            if let last = market.latest.prices[quote.symbol], last.time >= quote.time { continue }
            let middle = Price(raw: quote.bid.raw + (quote.ask.raw - quote.bid.raw) / 2)
            market.note(quote.symbol, [PricePoint(price: middle, time: quote.time)])
        }
    }

    /// Every few seconds, so that a lost bus leaves prices a candle old and not none.
    private func readCandles() async {
        while !Task.isCancelled {
            do {
                for (symbol, point) in try await books.lastCandles(of: symbols) { market.note(symbol, [point]) }
                market.noteHistory()
            } catch {
                logger.debug("last candles cannot be read", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: market.isReady ? .seconds(5) : .milliseconds(500))
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
                try? await Task.sleep(for: .seconds(3600))
            } catch {
                if market.instruments == nil { dependency.down("\(error)") }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}
