import Domain
import MarketDataCore
import ServiceKit

/// The metrics of the service.
struct MarketFigures: Sendable {
    let reconnects: Counter
    let messages: Counter
    let publishSeconds: Histogram
    private let metrics: Metrics
    private let exchange: String
    private let symbols: [Symbol: SymbolFigures]

    init(_ metrics: Metrics, exchange: String, symbols: [Symbol]) {
        self.metrics = metrics
        self.exchange = exchange
        reconnects = metrics.counter(
            "plimsoll_source_reconnects_total", "Connections to the exchange that were made anew.",
            labels: ["exchange": exchange])
        messages = metrics.counter(
            "plimsoll_source_messages_total", "Messages from the exchange.", labels: ["exchange": exchange])
        publishSeconds = metrics.histogram(
            "plimsoll_print_publish_seconds", "From a print's arrival to its handing over to the bus.")
        self.symbols = Dictionary(
            symbols.map { ($0, SymbolFigures(metrics, exchange: exchange, symbol: $0)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The figures of a market; those of an unknown one go nowhere.
    func symbol(_ symbol: Symbol) -> SymbolFigures {
        symbols[symbol] ?? SymbolFigures(Metrics(), exchange: exchange, symbol: symbol)
    }

    /// A frame was dropped: one of a closed set of reasons.
    func frameRefused(_ reason: String) {
        metrics.counter(
            "plimsoll_frames_refused_total", "Frames of the exchange that were not understood.",
            labels: ["exchange": exchange, "reason": reason]
        ).increment()
    }

    /// A question that the exchange, or the database beside it, did not answer: one of a closed set of kinds.
    func requestFailed(_ kind: String) {
        metrics.counter(
            "plimsoll_exchange_request_failures_total",
            "Questions to the exchange that were not answered as they should.",
            labels: ["exchange": exchange, "kind": kind]
        ).increment()
    }

    /// Candles that waited for the database had to be given up, to be fetched again later.
    func candlesDropped(_ count: Int) {
        metrics.counter("plimsoll_candles_dropped_total", "Candles that waited too long for the database.")
            .increment(by: Double(count))
    }

    /// Candles older than their retention went.
    func candlesRemoved(_ count: Int, _ timeframe: Timeframe) {
        metrics.counter(
            "plimsoll_retention_removed_total", "Old rows removed.", labels: ["table": "candles_\(timeframe.rawValue)"]
        ).increment(by: Double(count))
    }

    /// How many candles wait to be stored.
    func candlesWaiting(_ count: Int) {
        metrics.gauge("plimsoll_candles_waiting", "Final candles that are not stored yet.").set(count)
    }
}

/// The metrics of one market.
struct SymbolFigures: Sendable {
    let connected: Gauge
    let stale: Gauge
    let lag: Gauge
    let age: Gauge
    let gaps: Counter
    let prints: Counter
    let price: Gauge
    let finals: [Timeframe: Counter]
    let refused: [PrintRefusal: Counter]

    init(_ metrics: Metrics, exchange: String, symbol: Symbol) {
        let labels = ["exchange": exchange, "symbol": symbol.name]
        connected = metrics.gauge(
            "plimsoll_source_connected", "1 while the connection to the exchange stands.", labels: labels)
        stale = metrics.gauge(
            "plimsoll_source_stale", "1 while the source has said nothing for longer than its limit.", labels: labels)
        lag = metrics.gauge(
            "plimsoll_source_lag_seconds", "How old the newest print was when it arrived.", labels: labels)
        age = metrics.gauge(
            "plimsoll_source_message_age_seconds", "How long ago the source said anything.", labels: labels)
        gaps = metrics.counter("plimsoll_source_gaps_total", "Times that prints were missing.", labels: labels)
        prints = metrics.counter("plimsoll_prints_total", "Prints that were accepted.", labels: ["symbol": symbol.name])
        price = metrics.gauge("plimsoll_price", "Newest accepted price.", labels: ["symbol": symbol.name])
        finals = Self.each(Timeframe.allCases) {
            metrics.counter(
                "plimsoll_candles_final_total", "Candles that became final.",
                labels: ["symbol": symbol.name, "timeframe": $0.rawValue])
        }
        refused = Self.each(PrintRefusal.allCases) {
            metrics.counter(
                "plimsoll_prints_refused_total", "Prints that were not used.",
                labels: ["exchange": exchange, "reason": $0.rawValue])
        }
    }

    private static func each<Key: Hashable>(_ keys: [Key], _ make: (Key) -> Counter) -> [Key: Counter] {
        Dictionary(keys.map { ($0, make($0)) }, uniquingKeysWith: { first, _ in first })
    }
}
