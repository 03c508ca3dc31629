import Bus
import Contracts
import Domain
import MarketDataCore
import ServiceKit
import Synchronization

/// Puts prints, quotes, candles and the state of sources on the bus.
final class MarketPublisher: Sendable {
    private static let source = "market-data"

    private let bus: Bus
    private let exchange: String
    private let clock: any WallClock
    private let figures: MarketFigures

    init(bus: Bus, exchange: String, clock: any WallClock, figures: MarketFigures) {
        self.bus = bus
        self.exchange = exchange
        self.clock = clock
        self.figures = figures
    }

    /// Prints of one market, in order; `oldest` is when the first of them arrived.
    func publish(_ prints: [Print], of symbol: Symbol, oldest: ContinuousClock.Instant?) {
        var rest = prints[...]
        while let first = rest.first, let last = rest.prefix(SymbolDesk.batchLimit).last {
            let batch = Array(rest.prefix(SymbolDesk.batchLimit))
            rest = rest.dropFirst(batch.count)
            let id = "prn-\(symbol)-\(first.id)-\(last.id)"
            bus.publish(
                envelope(id, PrintBatch(symbol: symbol, prints: batch), symbol), on: Channels.prints(symbol))
        }
        if let oldest { figures.publishSeconds.observe(ContinuousClock.now - oldest) }
    }

    /// The newest best bid and ask.
    func publish(_ quote: Quote) {
        let now = clock.now()
        let id = "quo-\(quote.symbol)-\(now.nanoseconds)"
        bus.publish(envelope(id, QuoteUpdate(quote: quote), quote.symbol, at: now), on: Channels.quotes(quote.symbol))
    }

    /// A forming or final candle.
    func publish(_ candle: Candle) {
        let kind = candle.isFinal ? "f\(candle.revision)" : "\(clock.now().nanoseconds)"
        let id = "cnd-\(candle.symbol)-\(candle.timeframe.rawValue)-\(candle.openTime.nanoseconds)-\(kind)"
        bus.publish(
            envelope(id, CandleUpdate(candle: candle), candle.symbol),
            on: Channels.candles(candle.symbol, candle.timeframe))
    }

    /// How a source is.
    func publish(_ state: SourceState, of symbol: Symbol) {
        let now = clock.now()
        let status = SourceStatus(
            exchange: exchange, symbol: symbol, connected: state.connected, stale: state.stale, gapOpen: state.gapOpen,
            reason: state.reason)
        bus.publish(envelope("src-\(symbol)-\(now.nanoseconds)", status, symbol, at: now), on: Channels.sources)
    }

    private func envelope<Body>(_ id: String, _ body: Body, _ symbol: Symbol, at time: Timestamp? = nil)
        -> Envelope<Body>
    {
        Envelope(
            id: id, source: Self.source, at: time ?? clock.now(), correlation: id, key: symbol.name, data: body)
    }
}
