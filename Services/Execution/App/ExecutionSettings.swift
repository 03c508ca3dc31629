import Domain
import ExecutionCore
import ServiceKit
import TradingSettings

/// The settings of this service, read together.
///
/// - `exchange.rest_url`, `exchange.websocket_url` (addresses), `exchange.symbols` (list of markets).
/// - `exchange.weight_limit` (whole number, optional, 100 … 10000000, default 6000): request weight per minute.
/// - `accounts[]`: `id` (text), `venue` (`binance` or `paper`), `api_key_file` and `api_secret_file` (secrets, with `binance`).
/// - `execution.state_folder` (path, default `var/execution`), `execution.request_timeout` (100ms … 60s, default 5s),
///   `execution.receive_window` (100ms … 60s, default 5s), `execution.poll_interval` (1s … 10m, default 15s).
/// - `execution.price_sanity`, `execution.order_notional_cap`: see `OrderGuard`; `execution.paper.*`: see `PaperCosts`.
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
    let weightLimit: Int
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
        weightLimit = reader.integer("exchange.weight_limit", in: 100...10_000_000, default: 6000)
        accounts = reader.items("accounts").map(Account.init)
        stateFolder = reader.string("execution.state_folder", default: "var/execution")
        requestTimeout = reader.duration(
            "execution.request_timeout", in: .milliseconds(100)...(.seconds(60)), default: .seconds(5))
        receiveWindow = reader.duration(
            "execution.receive_window", in: .milliseconds(100)...(.seconds(60)), default: .seconds(5))
        pollInterval = reader.duration(
            "execution.poll_interval", in: .seconds(1)...(.seconds(600)), default: .seconds(15))
        let staleAfter = reader.duration(
            "risk.stale_price_after", in: .milliseconds(100)...(.seconds(3600)), default: .seconds(15))
        checks = OrderGuard(reader, staleAfter: staleAfter.span)
        paper = PaperCosts(reader)
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
