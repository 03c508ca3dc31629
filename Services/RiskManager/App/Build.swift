import Exchanges
import Outbound
import ServiceKit
import ServiceLifecycle
import Store
import Wiring

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]
    let service: RiskService

    init(_ context: ServiceContext, _ api: ServiceAPI) {
        let settings = RiskSettings(context.reader)
        let clock = context.clock
        let rest = BinanceREST(
            .init(baseURL: settings.restURL), transport: HTTPTransport(HTTPClient()), wallClock: { clock.now() })
        self.init(context, api, settings) { try await rest.exchangeInfo($0).instruments }
    }

    /// - Parameter instruments: asks the venue for its rules.
    init(
        _ context: ServiceContext, _ api: ServiceAPI, _ settings: RiskSettings,
        instruments: @escaping InstrumentSource
    ) {
        let shared = Infrastructure(context, role: .riskManager)
        let market = MarketView()
        let policies = Policies(settings)
        context.onChange(of: Policies.keys) { policies.change(RiskSettings($0)) }
        let books = RiskBooks(database: shared.database, policies: policies, market: market, clock: context.clock)
        service = RiskService(settings, context: context, bus: shared.bus, books: books, instruments: instruments)
        ControlRoutes(books: books, accounts: settings.accounts.map(\.id)).add(to: api)
        GoalRoutes(books: books).add(to: api)
        AccountRoutes(books: books).add(to: api)
        DecisionRoutes(books: books).add(to: api)
        let retention = Retention(context, database: shared.database, rules: RetentionRule.decisions(context.reader))
        services = [shared.bus, shared.heartbeat, service, retention, shared.watch]
    }
}
