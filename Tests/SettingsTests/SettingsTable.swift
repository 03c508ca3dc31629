import Testing

@testable import ServiceKit

/// A setting, and values of it that must not pass.
struct Setting: Sendable, CustomTestStringConvertible {
    /// As in the catalogue.
    let pattern: String
    /// Whether there is no default.
    var isRequired = false
    /// Every one of these is a fault.
    var malformed: [SettingsTree]
    /// A fault, until the key is listed under `accept_dangerous`.
    var dangerous: String?
    /// Passes with a warning.
    var doubtful: String?
    /// What has to be set too, so that somebody reads it.
    var with: [String: SettingsTree] = [:]

    var key: String { pattern.replacing("[]", with: "[0]") }
    var testDescription: String { pattern }

    init(
        _ pattern: String, required: Bool = false, malformed: [String] = [], trees: [SettingsTree] = [],
        dangerous: String? = nil, doubtful: String? = nil, with: [String: SettingsTree] = [:]
    ) {
        self.pattern = pattern
        isRequired = required
        self.malformed = malformed.map { .scalar($0) } + trees
        self.dangerous = dangerous
        self.doubtful = doubtful
        self.with = with
    }

    /// Every setting of the catalogue.
    static let all: [Setting] = general + servers + market + strategy + risk + accounts + execution + others

    private static let map = SettingsTree.map([("x", .scalar("y"))])
    private static let port = ["0", "65536", "eighty", "8081.5"]
    private static let duration = ["10", "ten", "-1s", "9999d"]
    private static let ratio = ["ten", "-0.1", "nan", "0.1234567891", "1e9"]
    private static let address = ["ftp://host", "http://user:word@host", "host", "http://host/"]

    private static let general = [
        Setting("accept_dangerous", trees: [.list([.scalar("risk.limits.drawdowm")])]),
        Setting("log.level", malformed: ["loud"]),
        Setting("log.modules", trees: [.map([("a.b", .scalar("info"))])]),
        Setting("http.host", malformed: [""], trees: [map]),
        Setting("http.names", trees: [.scalar("plimsoll.example.com"), .list([map])]),
        Setting("http.shutdown_limit", malformed: duration + ["1h"]),
    ]

    private static let servers =
        [
            Setting("database.host", required: true, malformed: [""]),
            Setting("database.port", required: true, malformed: port),
            Setting("database.name", required: true, malformed: [""], trees: [map]),
            Setting("database.password_file", required: true, malformed: ["/nowhere/at/all"]),
            Setting("database.pool_size", malformed: ["0", "21", "many"]),
            Setting("redis.host", required: true, malformed: [""]),
            Setting("redis.port", required: true, malformed: port),
            Setting("redis.password_file", malformed: ["/nowhere/at/all"]),
        ]
        + ["market_data", "strategy", "risk_manager", "execution", "alerting", "exchange_sim"].map {
            Setting("services.\($0)", malformed: address, dangerous: "http://suite.example.com")
        }

    private static let market = [
        Setting("exchange.name", required: true, malformed: ["mtgox", ""]),
        Setting("exchange.rest_url", required: true, malformed: address, dangerous: "http://api.example.com"),
        Setting(
            "exchange.websocket_url", required: true, malformed: address, dangerous: "ws://stream.example.com:9443"),
        Setting(
            "exchange.symbols", required: true,
            trees: [.scalar("BTCUSDT"), .list([.scalar("btc")]), .list([.scalar("A"), .scalar("A")]), .list([map])]),
        Setting("exchange.weight_limit", malformed: ["99", "10000001", "all"]),
        Setting("market_data.port", required: true, malformed: port),
        Setting("market_data.stale_after", malformed: duration + ["0s", "11m"], doubtful: "2m"),
        Setting("market_data.price_jump_limit", malformed: ratio + ["0.001", "11"], doubtful: "2"),
        Setting("market_data.backfill", malformed: duration + ["59m", "366d"]),
        Setting(
            "market_data.candle_retention",
            trees: [.map([("1m", .scalar("12h"))]), .map([("7m", .scalar("9d"))]), .map([("1m", .scalar("long"))])]),
        Setting("retention.interval", malformed: duration + ["9s", "2d"]),
        Setting("retention.events", malformed: duration + ["23h"]),
        Setting("retention.dead_letters", malformed: duration + ["23h"]),
        Setting("retention.decisions", malformed: duration + ["7d"]),
        Setting("retention.goal_progress", malformed: duration + ["23h"]),
        Setting("market_data.future_limit", malformed: duration + ["0s"], doubtful: "2m"),
    ]

    private static let strategy = [
        Setting("strategy.port", required: true, malformed: port),
        Setting("strategy.upkeep_interval", malformed: duration + ["1ms", "2m"]),
        Setting("strategy.instances", required: true, malformed: ["momentum"], trees: [.list([])]),
        Setting("strategy.instances[].id", required: true, malformed: ["", "Momentum", "a b"]),
        Setting("strategy.instances[].kind", required: true, malformed: ["magic"]),
        Setting("strategy.instances[].timeframe", required: true, malformed: ["2m", "1M"]),
        Setting(
            "strategy.instances[].symbols", required: true,
            trees: [.scalar("BTCUSDT"), .list([.scalar("DOGEUSDT")]), .list([.scalar("btc")])]),
        Setting(
            "strategy.instances[].parameters",
            trees: [.map([("fast", .scalar("0"))]), .map([("fats", .scalar("2"))])]),
    ]

    private static func limits(_ prefix: String) -> [Setting] {
        [
            Setting("\(prefix)risk_per_trade", malformed: ratio + ["0", "0.11"], dangerous: "0.06", doubtful: "0.03"),
            Setting("\(prefix)on_breach", malformed: ["panic", ""]),
            Setting("\(prefix)limits.position", malformed: ratio + ["0", "1.1"], dangerous: "0.51", doubtful: "0.4"),
            Setting("\(prefix)limits.gross_exposure", malformed: ratio + ["0", "1.1"], doubtful: "0.95"),
            Setting("\(prefix)limits.open_positions", malformed: ["0", "1001", "1.5", "all"], doubtful: "21"),
            Setting(
                "\(prefix)limits.daily_loss", malformed: ratio + ["0", "1.1"], dangerous: "0.21", doubtful: "0.11"),
            Setting("\(prefix)limits.drawdown", malformed: ratio + ["0", "1.1"], dangerous: "0.31", doubtful: "0.21"),
            Setting(
                "\(prefix)limits.monthly_drawdown", malformed: ratio + ["0", "1.1"], dangerous: "0.31",
                doubtful: "0.21"),
            Setting(
                "\(prefix)limits.monthly_drawdown_near_goal", malformed: ratio + ["0", "1.1"], dangerous: "0.31",
                doubtful: "0.06"),
        ]
    }

    private static let risk =
        limits("risk.") + [
            Setting("risk.port", required: true, malformed: port),
            Setting("risk.entry_expiry", malformed: duration + ["0s", "11m"], doubtful: "3m"),
            Setting("risk.stale_price_after", malformed: duration + ["0s", "11m"], dangerous: "6m", doubtful: "2m"),
            Setting("risk.reserve_margin", malformed: ratio + ["0.21"]),
            Setting("risk.goal_boost", malformed: ["yes", "1"]),
            Setting("risk.goal_factors", malformed: ["1.3"]),
            Setting(
                "risk.goal_factors[].from", required: true, malformed: ratio + ["11"],
                with: ["risk.goal_factors[0].factor": .scalar("1")]),
            Setting(
                "risk.goal_factors[].factor", required: true, malformed: ratio + ["2.1"], dangerous: "1.6",
                with: ["risk.goal_factors[0].from": .scalar("0")]),
            Setting("risk.goal_preservation.from", malformed: ratio + ["1.1"]),
            Setting("risk.goal_preservation.to", malformed: ratio + ["1.1", "0.8"]),
            Setting("risk.goal_preservation.factor", malformed: ratio + ["1.1"]),
        ] + rates

    private static let rate: [String: SettingsTree] = [
        "rates[0].from": .scalar("EUR"), "rates[0].to": .scalar("USDT"), "rates[0].rate": .scalar("1.08"),
    ]

    private static let rates = [
        Setting("rates", malformed: ["1.08"]),
        Setting("rates[].from", required: true, malformed: ["eur", "", "USDT"], with: rate),
        Setting("rates[].to", required: true, malformed: ["usdt", ""], with: rate),
        Setting("rates[].rate", required: true, malformed: ["0", "-1", "much"], with: rate),
    ]

    private static let accounts =
        limits("accounts[].") + [
            Setting("accounts", required: true, malformed: ["main"], trees: [.list([])]),
            Setting("accounts[].id", required: true, malformed: ["", "Main account", "all"]),
            Setting("accounts[].venue", required: true, malformed: ["binanse", ""]),
            Setting("accounts[].currency", required: true, malformed: ["usdt", "US DOLLAR", ""]),
            Setting("accounts[].deposit", required: true, malformed: ["-1", "much", "1e40"], doubtful: "1000"),
            Setting(
                "accounts[].strategies", required: true,
                trees: [.scalar("momentum-1m"), .list([.scalar("momentum-1")])]
            ),
            Setting("accounts[].api_key_file", required: true, malformed: ["/nowhere/at/all"]),
            Setting("accounts[].api_secret_file", required: true, malformed: ["/nowhere/at/all"]),
        ]

    private static let execution = [
        Setting("execution.port", required: true, malformed: port),
        Setting("execution.state_folder", malformed: [""], trees: [map]),
        Setting("execution.request_timeout", malformed: duration + ["99ms", "61s"]),
        Setting("execution.receive_window", malformed: duration + ["99ms", "61s"]),
        Setting("execution.poll_interval", malformed: duration + ["0s", "11m"]),
        Setting("execution.price_sanity", malformed: ratio + ["0", "0.6"], dangerous: "0.21", doubtful: "0.11"),
        Setting("execution.order_notional_cap", required: true, malformed: ["0", "-1", "none"]),
        Setting("execution.paper.latency", malformed: duration + ["61s"]),
        Setting("execution.paper.fee", malformed: ratio + ["0.11"]),
        Setting("execution.paper.slippage", malformed: ratio + ["0.11"]),
    ]

    private static let others =
        [
            Setting("alerting.port", required: true, malformed: port),
            Setting("alerting.config_file", required: true, malformed: ["", "/nowhere/at/all"]),
            Setting("alerting.spool_folder", malformed: [""], trees: [map]),
            Setting("alerting.external_url", trees: [map]),
            Setting("alerting.page_keys_file", malformed: ["/nowhere/at/all"]),
            Setting("alerting.prometheus_url", malformed: address, dangerous: "http://api.example.com"),
            Setting("alerting.allow_private_receivers", malformed: ["yes"]),
            Setting("alerting.heartbeat_url_file", malformed: ["/nowhere/at/all"]),
            Setting("alerting.heartbeat_every", malformed: duration + ["9s", "61m"]),
            Setting("exchange_sim.port", required: true, malformed: port),
            Setting("exchange_sim.mode", malformed: ["magic"]),
            Setting("exchange_sim.seed", malformed: ["-1", "one"]),
            Setting("exchange_sim.speed", malformed: ["-1", "fast", "nan"]),
            Setting("exchange_sim.symbols", trees: [.scalar("BTCUSDT"), .list([.scalar("btc")])]),
            Setting("exchange_sim.trades_per_second", malformed: ["0", "101", "1.5"]),
            Setting("exchange_sim.history", malformed: duration + ["59s", "31d"]),
            Setting(
                "exchange_sim.recordings", required: true, malformed: ["file.csv"], trees: [.list([])],
                with: ["exchange_sim.mode": .scalar("replay")]),
            Setting("exchange_sim.start_ms", malformed: ["0", "now"]),
            Setting("exchange_sim.deposit", malformed: ["-1", "much"]),
            Setting("exchange_sim.api_key_file", required: true, malformed: ["/nowhere/at/all"]),
            Setting("exchange_sim.api_secret_file", required: true, malformed: ["/nowhere/at/all"]),
            Setting("exchange_sim.commission", malformed: ["free"]),
            Setting("exchange_sim.weight_limit", malformed: ["99", "all"]),
            Setting("exchange_sim.state_file", malformed: [""], trees: [map]),
        ]
        + alertingDelivery
        + ["maker_fee", "taker_fee"].map { Setting("exchange_sim.\($0)", malformed: ratio + ["0.06"]) }

    private static let alertingDelivery =
        ["slack", "telegram", "email", "webhook"].flatMap { kind in
            [
                Setting("alerting.channels.\(kind).per_minute", malformed: ["0", "100001", "many"]),
                Setting("alerting.channels.\(kind).burst", malformed: ["0", "100001", "many"]),
                Setting("alerting.channels.\(kind).expires_after", malformed: duration + ["9s", "8d"]),
                Setting("alerting.channels.\(kind).storm_limit", malformed: ["-1", "100001", "many"]),
            ]
        } + [
            Setting("alerting.events_expire_after", malformed: duration + ["9s", "8d"]),
            Setting("alerting.keep_alerts", malformed: duration + ["23h"]),
            Setting("alerting.keep_notifications", malformed: duration + ["6d"]),
        ]
}
