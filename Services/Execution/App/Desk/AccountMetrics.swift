import Domain
import ExecutionCore
import ServiceKit
import Synchronization

/// The figures of one account.
final class AccountMetrics: Sendable {
    private let account: String
    private let metrics: Metrics
    private let doubts = Mutex<[Symbol: Int]>([:])
    private let signalToOrder: Histogram

    init(account: String, metrics: Metrics) {
        self.account = account
        self.metrics = metrics
        signalToOrder = metrics.histogram(
            "plimsoll_signal_to_order_seconds", "Exchange time from a decision to its order at the venue.",
            buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
        for state in OrderState.allCases { _ = orders(state) }
        // An increase is only seen of what was there before.
        for alarm in OrderAlarm.allCases { _ = alarms(alarm) }
    }

    private func orders(_ state: OrderState) -> Counter {
        metrics.counter(
            "plimsoll_orders_total", "Orders that came into a state.",
            labels: ["account": account, "state": state.rawValue])
    }

    private func gauge(_ name: String, _ help: String, _ labels: [String: String] = [:]) -> Gauge {
        metrics.gauge(name, help, labels: labels.merging(["account": account]) { first, _ in first })
    }

    func order(_ state: OrderState) { orders(state).increment() }

    func sent(after span: Timestamp.Span) { signalToOrder.observe(max(0, Double(span.nanoseconds) / 1e9)) }

    func fill(_ fill: Fill) {
        metrics.counter(
            "plimsoll_fills_total", "Fills that were booked.",
            labels: ["account": account, "symbol": fill.symbol.name, "side": fill.side.rawValue]
        ).increment()
    }

    func alarm(_ alarm: OrderAlarm) {
        alarms(alarm).increment()
    }

    private func alarms(_ alarm: OrderAlarm) -> Counter {
        metrics.counter(
            "plimsoll_order_alarms_total", "Orders that did what they should not.",
            labels: ["account": account, "alarm": alarm.rawValue])
    }

    func position(_ symbol: Symbol, _ held: HeldPosition?, price: Price?) {
        // There from the start, at zero, whether or not the venue tells what it holds.
        _ = missing(symbol)
        let labels = ["symbol": symbol.name]
        gauge("plimsoll_position_quantity", "What is held, in the base asset.", labels)
            .set(held?.position.quantity.approximate ?? 0)
        if let price {
            gauge(
                "plimsoll_position_unrealised", "What is held is worth more than it cost, in the quote asset.", labels
            )
            .set(held?.position.unrealised(at: price).approximate ?? 0)
        }
    }

    func inDoubt(_ symbol: Symbol, _ count: Int) {
        let sum = doubts.withLock { doubts in
            doubts[symbol] = count
            return doubts.values.reduce(0, +)
        }
        gauge("plimsoll_orders_in_doubt", "Orders of which it is not known whether the venue has them.").set(sum)
    }

    func behind(_ symbol: Symbol, _ on: Bool) {
        gauge(
            "plimsoll_market_history_missing",
            "1 while it is not known what happened in a market before the last start.", ["symbol": symbol.name]
        ).set(on)
    }

    func journal(_ symbol: Symbol, works: Bool) {
        gauge(
            "plimsoll_exit_journal_broken", "1 while the journal of protective exits cannot be written or read.",
            ["symbol": symbol.name]
        ).set(!works)
    }

    func totals(_ totals: AccountBooks.Totals) {
        gauge("plimsoll_realised", "Realised profit, fees apart, in the account's currency.")
            .set(totals.realised.approximate)
        gauge("plimsoll_fees", "Fees paid, in the account's currency.").set(totals.fees.approximate)
        gauge("plimsoll_ledger_imbalance", "Zero, or the books are wrong.").set(totals.imbalance.approximate)
        gauge("plimsoll_exits_missing", "Open positions without a live protective order.").set(totals.exitsMissing)
        gauge("plimsoll_positions_unsellable", "Open positions that are too small for the venue to sell.")
            .set(totals.unsellable)
        gauge("plimsoll_fills_set_aside", "Fills that cannot be booked; while there is one no new risk is taken.")
            .set(totals.fillsAside)
        gauge("plimsoll_exits_refused", "Open positions that the venue has refused to close five times or more.")
            .set(totals.exitsRefused)
    }

    func unattended(_ count: Int) {
        gauge(
            "plimsoll_markets_unattended",
            "Markets in which the account has something and which nobody can look after, since their rules are unknown."
        ).set(count)
    }

    func missing(_ symbol: Symbol, _ quantity: Quantity) {
        missing(symbol).set(quantity.approximate)
    }

    private func missing(_ symbol: Symbol) -> Gauge {
        gauge("plimsoll_position_missing", "What the books hold and the venue does not.", ["symbol": symbol.name])
    }
}
