package import Domain

/// A round trip of the backtest: a position from its first fill until nothing is left.
package struct TradeRecord: Hashable, Sendable {
    package let id: String
    package let symbol: Symbol
    package let strategy: String
    package let quantity: Quantity
    /// Averages over the fills.
    package let entryPrice: Price
    package let exitPrice: Price
    package let openedAt: Timestamp
    package let closedAt: Timestamp
    /// Against the average cost, fees apart.
    package let realised: Money
    package let fees: Money
    /// What closed it: `stop_loss`, `take_profit`, `exit`.
    package let reason: String
    /// What was at stake when it opened: quantity × (entry price − stop); zero without a stop.
    package let risk: Money

    package init(
        id: String, symbol: Symbol, strategy: String, quantity: Quantity, entryPrice: Price, exitPrice: Price,
        openedAt: Timestamp, closedAt: Timestamp, realised: Money, fees: Money, reason: String, risk: Money
    ) {
        self.id = id
        self.symbol = symbol
        self.strategy = strategy
        self.quantity = quantity
        self.entryPrice = entryPrice
        self.exitPrice = exitPrice
        self.openedAt = openedAt
        self.closedAt = closedAt
        self.realised = realised
        self.fees = fees
        self.reason = reason
        self.risk = risk
    }

    /// What it brought, fees taken off.
    package var profit: Money { realised - fees }

    /// The profit in multiples of what was at stake; nil when nothing was.
    package var multiple: Ratio? { risk.isPositive ? profit.over(risk) : nil }
}
