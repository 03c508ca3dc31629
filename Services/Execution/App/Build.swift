import Domain
import Exchanges
import ExecutionCore
import Outbound
import ServiceKit
import ServiceLifecycle
import Store
import Wiring

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]

    init(_ context: ServiceContext, _ api: ServiceAPI) {
        let settings = ExecutionSettings(context.reader)
        let shared = Infrastructure(context, role: .execution, readsEvents: true)
        let transport = HTTPTransport(HTTPClient())
        let clock = context.clock
        let rest: @Sendable (BinanceSigner?) -> BinanceREST = { signer in
            BinanceREST(
                .init(
                    baseURL: settings.restURL, receiveWindow: settings.receiveWindow, timeout: settings.requestTimeout),
                transport: transport, signer: signer,
                weight: RequestWeight(limit: settings.weightLimit, reserve: settings.weightLimit / 5),
                wallClock: { clock.now() })
        }
        let service = ExecutionService(
            settings, context: context, bus: shared.bus, database: shared.database, hooks: shared.hooks,
            market: rest(nil)
        ) { account, rules in
            switch account.venue {
            case .paper: return PaperAdapter(costs: settings.paper)
            case .binance:
                let signer = BinanceSigner(
                    apiKey: account.apiKey?.reveal() ?? "", secret: account.apiSecret?.reveal() ?? "")
                let signed = rest(signer)
                let stream = BinanceUserStream(
                    rest: signed, socket: WebSocketClient(), url: settings.websocketURL,
                    logger: context.logger("stream"))
                return BinanceVenue(account: account.id, rest: signed, stream: stream, rules: rules)
            }
        }
        AsideRoutes(accounts: { service.accounts }).add(to: api)
        services = [shared.bus, shared.heartbeat, service, shared.watch]
    }
}
