package import Domain
package import ExecutionCore
package import ServiceKit

extension OrderGuard {
    /// - `execution.price_sanity` (share, 0.0001 … 0.5, default 0.05; doubtful above 0.1, dangerous above 0.2), `execution.order_notional_cap` (money, required).
    ///
    /// - Parameter staleAfter: an older price is none.
    package init(_ reader: SettingsReader, staleAfter: Timestamp.Span) {
        self.init(
            priceSanity: reader.ratio(
                "execution.price_sanity", in: Ratio(1, over: 10_000)...Ratio(1, over: 2), default: Ratio(5, over: 100),
                caution: Caution(warnAbove: Ratio(10, over: 100), refuseAbove: Ratio(20, over: 100))),
            notionalCap: reader.money(
                "execution.order_notional_cap", in: Money(raw: 100_000_000)...Money(raw: 1_000_000_000_000_000_000)),
            staleAfter: staleAfter)
    }
}

extension PaperCosts {
    /// - `execution.paper.latency` (0 … 60s, default 50ms), `execution.paper.fee` (share, 0 … 0.1, default 0.001),
    ///   `execution.paper.slippage` (share, 0 … 0.1, default 0.0002).
    package init(_ reader: SettingsReader) {
        let share = Ratio.zero...Ratio(1, over: 10)
        self.init(
            latency: reader.duration(
                "execution.paper.latency", in: .zero...(.seconds(60)), default: .milliseconds(50)
            ).span,
            fee: reader.ratio("execution.paper.fee", in: share, default: Ratio(1, over: 1000)),
            slippage: reader.ratio("execution.paper.slippage", in: share, default: Ratio(2, over: 10_000)))
    }
}
