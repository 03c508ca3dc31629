import Contracts
import Domain
import ServiceKit
import StrategyCore
import Wiring

/// What /metrics tells of the strategies.
struct StrategyFigures: Sendable {
    private let metrics: Metrics
    private let evaluations: [String: Counter]
    private let running: [String: Gauge]
    private let unanswered: Gauge
    private let latency: Histogram

    init(_ metrics: Metrics, _ instances: [StrategyInstance]) {
        self.metrics = metrics
        let ids = Set(instances.map(\.id))
        evaluations = Dictionary(
            uniqueKeysWithValues: ids.map { id in
                (
                    id,
                    metrics.counter(
                        "plimsoll_strategy_evaluations_total", "Final candles a strategy decided on.",
                        labels: ["strategy": id])
                )
            })
        running = Dictionary(
            uniqueKeysWithValues: ids.map { id in
                (
                    id,
                    metrics.gauge(
                        "plimsoll_strategy_running", "1 while a strategy runs on all of its symbols.",
                        labels: ["strategy": id])
                )
            })
        for gauge in running.values { gauge.set(1) }
        unanswered = metrics.gauge(
            "plimsoll_signals_unanswered", "Signals that were published and are not booked by risk-manager.")
        latency = metrics.histogram(
            "plimsoll_candle_to_signal_seconds",
            "From the candle's leaving market-data to the signal's leaving strategy.")
        for instance in instances {
            for symbol in instance.symbols {
                for action in [Signal.Action.enter, .exit] { _ = signals(instance.id, symbol, action) }
            }
        }
    }

    func evaluated(_ strategies: [String]) {
        for strategy in strategies { evaluations[strategy]?.increment() }
    }

    func stopped(_ strategy: String) { running[strategy]?.set(0) }

    func raised(_ signal: Signal) { signals(signal.strategy, signal.symbol, signal.action).increment() }

    func refused(_ reason: Implausible) { metrics.messageRefused(CandleUpdate.type, reason.rawValue) }

    func waiting(_ count: Int) { unanswered.set(count) }

    func tookFromCandle(_ span: Timestamp.Span) { latency.observe(Double(max(span.nanoseconds, 0)) / 1e9) }

    private func signals(_ strategy: String, _ symbol: Symbol, _ action: Signal.Action) -> Counter {
        metrics.counter(
            "plimsoll_signals_total", "Signals raised.",
            labels: ["strategy": strategy, "symbol": symbol.name, "action": action.rawValue])
    }
}
