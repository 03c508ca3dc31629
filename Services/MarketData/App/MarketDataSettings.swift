import Domain
import MarketDataCore
import ServiceKit

/// The sections `exchange` and `market_data` of the settings.
///
/// ## Configuration keys
/// - `exchange.name` (text, required): `binance`.
/// - `exchange.rest_url` (text, required): http or https, without a slash at the end.
/// - `exchange.websocket_url` (text, required): ws or wss, without a slash at the end.
/// - `exchange.symbols` (list, required): 1 to 200 markets.
/// - `exchange.weight_limit` (whole number, optional, 100 … 10000000, default 6000): request weight per minute.
/// - `market_data.stale_after` (duration, optional, 1s … 10m, default 10s): a connection that says nothing for this long counts as
///   down and is made anew; a single market on a connection that speaks may be quiet three times as long.
/// - `market_data.price_jump_limit` (share, optional, 0.01 … 10, default 0.5): a print further than this from the last accepted
///   price waits for confirmation.
/// - `market_data.backfill` (duration, optional, 1h … 365d, default 2d): how much history is filled at the first start.
/// - `market_data.future_limit` (duration, optional, 1s … 3650d, default 5s): a print may be so far ahead of the clock; more than the
///   default is only for a market that is replayed faster than time.
/// - `market_data.candle_retention` (map of timeframe → duration, optional, 1d … 36500d, or 0s for ever, default 90d of `1m` and 365d
///   of `5m`, the others for ever): stored candles older than this, counted back from the market's newest one, are removed; never
///   less than `backfill`.
struct MarketDataSettings: Sendable {
    /// The exchanges there is a feed for.
    enum Exchange: String, CaseIterable, Sendable {
        case binance
    }

    let exchange: Exchange
    let restURL: String
    let webSocketURL: String
    let symbols: [Symbol]
    /// Request weight per minute.
    let weightLimit: Int
    let backfill: Timestamp.Span
    /// What is not listed is kept for ever.
    let retention: [Timeframe: Timestamp.Span]
    /// A connection may be silent for so long.
    let staleAfter: Timestamp.Span
    let limits: SymbolFeed.Limits

    init(_ reader: SettingsReader) {
        exchange = reader.oneOf("exchange.name", Exchange.self)
        restURL = reader.url("exchange.rest_url", schemes: ["http", "https"])
        webSocketURL = reader.url("exchange.websocket_url", schemes: ["ws", "wss"])
        symbols = reader.symbols("exchange.symbols")
        weightLimit = reader.integer("exchange.weight_limit", in: 100...10_000_000, default: 6000)
        if symbols.count > 200 { reader.fault("exchange.symbols", "has more than 200 markets") }
        let section = reader.scoped(to: "market_data")
        backfill =
            section.duration(
                "backfill", in: .seconds(3600)...(.seconds(365 * 86_400)), default: .seconds(2 * 86_400)
            ).span
        retention = Self.retention(section, atLeast: backfill)
        var limits = SymbolFeed.Limits()
        staleAfter =
            section.duration(
                "stale_after", in: .seconds(1)...(.seconds(600)), default: .seconds(10),
                caution: Caution(warnAbove: .seconds(60))
            ).span
        limits.staleAfter = Timestamp.Span(nanoseconds: 3 * staleAfter.nanoseconds)
        limits.gate.jump = section.ratio(
            "price_jump_limit", in: Ratio(1, over: 100)...Ratio(10, over: 1), default: Ratio(1, over: 2),
            caution: Caution(warnAbove: .one))
        limits.gate.future =
            section.duration(
                "future_limit", in: .seconds(1)...(.seconds(3650 * 86_400)), default: .seconds(5),
                caution: Caution(warnAbove: .seconds(60))
            ).span
        // Asking costs request weight: the more markets, the less often each is asked for while it is quiet.
        limits.pollInterval = .seconds(2 * (1 + Int64(symbols.count) / 5))
        self.limits = limits
    }

    private static func retention(_ section: SettingsReader, atLeast least: Timestamp.Span) -> [Timeframe: Timestamp
        .Span]
    {
        let day = Timestamp.Span.days(1)
        var kept: [Timeframe: Timestamp.Span] = [.minute1: .days(90), .minute5: .days(365)]
        let map = section.scoped(to: "candle_retention")
        for name in section.keys(of: "candle_retention") {
            let span = map.duration(name, in: .zero...(.seconds(36_500 * 86_400))).span
            guard let timeframe = Timeframe(rawValue: name) else {
                map.fault(name, "is no timeframe")
                continue
            }
            if span.nanoseconds > 0, span < day { map.fault(name, "is less than 1d; 0s keeps for ever") }
            kept[timeframe] = span.nanoseconds == 0 ? nil : span
        }
        return kept.mapValues { max($0, least) }
    }
}
