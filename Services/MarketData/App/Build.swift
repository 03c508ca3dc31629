import Exchanges
import Outbound
import ServiceKit
import ServiceLifecycle
import Store
import Wiring

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]

    init(_ context: ServiceContext) {
        let settings = MarketDataSettings(context.reader)
        let shared = Infrastructure(context, role: .marketData)
        let figures = MarketFigures(context.metrics, exchange: settings.exchange.rawValue, symbols: settings.symbols)
        let records = CandleRecords(shared.database)
        let store = CandleStore(
            records, exchange: settings.exchange.rawValue, clock: context.clock, figures: figures,
            logger: context.logger("store"))
        let publisher = MarketPublisher(
            bus: shared.bus, exchange: settings.exchange.rawValue, clock: context.clock, figures: figures)
        let clock = FeedClock(context.clock)
        let client = HTTPClient()
        let rest = BinanceREST(
            BinanceREST.Configuration(baseURL: settings.restURL), transport: HTTPTransport(client),
            weight: RequestWeight(limit: settings.weightLimit, reserve: settings.weightLimit / 5),
            wallClock: { [clock = context.clock] in clock.now() })
        let desks = settings.symbols.map {
            SymbolDesk(
                $0, limits: settings.limits, clock: clock, publisher: publisher, store: store,
                figures: figures.symbol($0))
        }
        let history = BinanceHistory(
            rest, records: records, store: store, publisher: publisher, clock: clock, figures: figures,
            backfill: settings.backfill, logger: context.logger("history"))
        let feed = BinanceFeed(
            url: settings.webSocketURL, desks: desks, history: history, staleAfter: settings.staleAfter,
            figures: figures, dependency: context.health.dependency("exchange"), logger: context.logger("feed"))
        let candleRetention = CandleRetention(
            records: records, symbols: settings.symbols, kept: settings.retention, figures: figures,
            logger: context.logger("retention"))
        let retention = Retention(context, database: shared.database, rules: RetentionRule.outbox(context.reader))
        services = [shared.bus, shared.heartbeat, store, candleRetention, retention, feed, shared.watch]
    }
}
