import Domain
import ExecutionCore
import ServiceKit

/// The settings of this service, read together.
///
/// - `exchange.rest_url`, `exchange.websocket_url` (addresses), `exchange.symbols` (list of markets).
/// - `accounts[]`: `id` (text), `venue` (`binance` or `paper`), `api_key_file` and `api_secret_file` (secrets, with `binance`).
/// - `execution.state_folder` (path, default `var/execution`), `execution.request_timeout` (100ms … 60s, default 5s),
///   `execution.receive_window` (100ms … 60s, default 5s), `execution.price_sanity` (share, 0.0001 … 0.5, default 0.05),
///   `execution.order_notional_cap` (money, required), `execution.poll_interval` (1s … 10m, default 15s).
/// - `execution.paper.latency` (0 … 60s), `execution.paper.fee`, `execution.paper.slippage` (shares, 0 … 0.1).
/// - `risk.stale_price_after` (duration, default 15s): an older price is none.
struct ExecutionSettings: Sendable {
    enum VenueKind: String, CaseIterable, Sendable { case binance, paper }

    struct Account: Sendable {
        let id: String
        let venue: VenueKind
        let apiKey: Secret?
        let apiSecret: Secret?
    }

    let restURL: String
    let websocketURL: String
    let symbols: [Symbol]
    let accounts: [Account]
    let stateFolder: String
    let requestTimeout: Duration
    let receiveWindow: Duration
    let checks: OrderGuard
    let pollInterval: Duration
    let paper: PaperCosts

    init(_ reader: SettingsReader) {
        restURL = reader.url("exchange.rest_url", schemes: ["https", "http"])
        websocketURL = reader.url("exchange.websocket_url", schemes: ["wss", "ws"])
        symbols = reader.symbols("exchange.symbols")
        accounts = reader.items("accounts").map(Account.init)
        stateFolder = reader.string("execution.state_folder", default: "var/execution")
        requestTimeout = reader.duration(
            "execution.request_timeout", in: .milliseconds(100)...(.seconds(60)), default: .seconds(5))
        receiveWindow = reader.duration(
            "execution.receive_window", in: .milliseconds(100)...(.seconds(60)), default: .seconds(5))
        pollInterval = reader.duration(
            "execution.poll_interval", in: .seconds(1)...(.seconds(600)), default: .seconds(15))
        checks = OrderGuard(
            priceSanity: reader.ratio(
                "execution.price_sanity", in: Ratio(1, over: 10_000)...Ratio(1, over: 2), default: Ratio(5, over: 100)),
            notionalCap: reader.money(
                "execution.order_notional_cap", in: Money(raw: 100_000_000)...Money(raw: 1_000_000_000_000_000_000)),
            staleAfter: reader.duration(
                "risk.stale_price_after", in: .milliseconds(100)...(.seconds(3600)), default: .seconds(15)
            ).span)
        let share = Ratio.zero...Ratio(1, over: 10)
        paper = PaperCosts(
            latency: reader.duration("execution.paper.latency", in: .zero...(.seconds(60)), default: .milliseconds(50))
                .span,
            fee: reader.ratio("execution.paper.fee", in: share, default: Ratio(1, over: 1000)),
            slippage: reader.ratio("execution.paper.slippage", in: share, default: Ratio(2, over: 10_000)))
    }
}

extension ExecutionSettings.Account {
    fileprivate init(_ reader: SettingsReader) {
        id = reader.string("id")
        venue = reader.oneOf("venue", ExecutionSettings.VenueKind.self)
        apiKey = venue == .binance ? reader.secret("api_key_file") : nil
        apiSecret = venue == .binance ? reader.secret("api_secret_file") : nil
    }
}

extension Duration {
    /// The same length as exchange time counts it.
    var span: Timestamp.Span {
        let (seconds, attoseconds) = components
        return Timestamp.Span(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
