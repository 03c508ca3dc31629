import Bus
import Contracts
import Domain
import RiskManagerCore
import ServiceKit
import Wiring

/// Reads prints, quotes and signals in the one order in which Redis gave them: a signal is decided with every price that was
/// published before it.
struct Intake: Sendable {
    /// Most messages that wait. A signal that is lost with them is repeated by its strategy.
    static let buffer = 16_384

    private let market: MarketView
    private let clock: any WallClock
    private let metrics: Metrics
    private let hearing: Health.Dependency
    private let prices: Health.Dependency
    private let symbols: [Symbol]
    private let kinds: [String: Kind]

    private enum Kind {
        case prints
        case quote
        case signal
    }

    /// - Parameters:
    ///   - hearing: up once prices and signals are subscribed to. Before that a price may be missed and the signal after it
    ///     heard.
    ///   - prices: up once a price of each market was heard since then. Before that entries may have to wait.
    init(
        symbols: [Symbol], market: MarketView, clock: any WallClock, metrics: Metrics, hearing: Health.Dependency,
        prices: Health.Dependency
    ) {
        self.symbols = symbols
        self.market = market
        self.clock = clock
        self.metrics = metrics
        self.hearing = hearing
        self.prices = prices
        var kinds = [Channels.signals.name: Kind.signal]
        for symbol in symbols {
            kinds[Channels.prints(symbol).name] = .prints
            kinds[Channels.quotes(symbol).name] = .quote
        }
        self.kinds = kinds
    }

    /// Reads until it is cancelled.
    func run(_ bus: Bus, signal take: (Signal) async -> Void) async {
        var unheard = Set(symbols)
        for await item in bus.subscribeBytes(to: kinds.keys.sorted(), buffer: Self.buffer) {
            guard case .message(let channel, let bytes) = item else {
                market.beginHearing()
                unheard = Set(symbols)
                tell(unheard)
                hearing.up()
                continue
            }
            switch kinds[channel] {
            case .prints:
                guard let batch = read(bytes, as: PrintBatch.self) else { continue }
                note(batch)
                if unheard.remove(batch.symbol) != nil { tell(unheard) }
            case .quote:
                guard let update = read(bytes, as: QuoteUpdate.self) else { continue }
                note(update.quote)
                if unheard.remove(update.quote.symbol) != nil { tell(unheard) }
            case .signal:
                if let raised = read(bytes, as: SignalRaised.self), isPlausible(raised.signal) {
                    await take(raised.signal)
                }
            case nil:
                continue
            }
        }
    }

    private func tell(_ unheard: Set<Symbol>) {
        if unheard.isEmpty {
            prices.up()
        } else {
            prices.down("no price was heard yet of \(unheard.sorted().map(\.name).joined(separator: ", "))")
        }
    }

    private func note(_ batch: PrintBatch) {
        let (believed, refused) = Implausible.sift(
            batch.prints, of: batch.symbol, clock: clock.now(), newest: market.latest.time)
        for reason in refused { metrics.messageRefused(PrintBatch.type, reason.rawValue) }
        market.hear(batch.symbol, believed.lazy.map { PricePoint(price: $0.price, time: $0.time) })
    }

    /// A quote is a price only where nothing was traded since: its middle.
    private func note(_ quote: Quote) {
        if let reason = quote.implausible(in: quote.symbol, clock: clock.now(), newest: market.latest.time) {
            return metrics.messageRefused(QuoteUpdate.type, reason.rawValue)
        }
        if let last = market.newest(quote.symbol), last.time >= quote.time { return }
        let middle = Price(raw: quote.bid.raw + (quote.ask.raw - quote.bid.raw) / 2)
        market.hear(quote.symbol, [PricePoint(price: middle, time: quote.time)])
    }

    private func isPlausible(_ signal: Signal) -> Bool {
        guard let reason = signal.implausible(clock: clock.now(), newest: market.latest.time) else { return true }
        metrics.messageRefused(SignalRaised.type, reason.rawValue)
        return false
    }

    private func read<Body: Message>(_ bytes: [UInt8], as body: Body.Type) -> Body? {
        do throws(MessageCodec.Failure) {
            return try MessageCodec.decode(bytes, as: Body.self).data
        } catch {
            let reason =
                switch error {
                case .tooLarge: "too_large"
                case .malformed: "malformed"
                case .unexpected: "unexpected"
                }
            metrics.messageRefused(Body.type, reason)
            return nil
        }
    }
}
