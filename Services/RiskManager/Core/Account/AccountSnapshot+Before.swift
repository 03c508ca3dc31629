package import Domain

/// A fill that came after a moment that is looked at, with its order as it was approved.
package struct LaterFill: Hashable, Sendable {
    package let fill: Fill
    package let order: LiveOrder

    package init(fill: Fill, order: LiveOrder) {
        self.fill = fill
        self.order = order
    }
}

extension AccountSnapshot {
    /// The account as it was before these fills: their money and quantities are taken back, and their orders hold back again what
    /// was held back for them. What is decided at a close so depends on the close alone, however soon its orders are filled.
    package func before(_ later: [LaterFill]) -> AccountSnapshot {
        guard !later.isEmpty else { return self }
        var cash = cash
        var held = Dictionary(positions.map { ($0.symbol, $0.quantity) }, uniquingKeysWith: { first, _ in first })
        var orders = Dictionary(liveOrders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (fill, order) in later.map({ ($0.fill, $0.order) }) {
            orders[order.id] = order
            let quantity = held[fill.symbol] ?? .zero
            switch fill.side {
            case .buy:
                cash += fill.notional + (fill.feeInBase.isZero ? fill.fee : .zero)
                held[fill.symbol] = quantity - (fill.quantity - fill.feeInBase)
            case .sell:
                cash -= fill.notional - fill.fee
                held[fill.symbol] = quantity + fill.quantity
            }
        }
        let strategies = Dictionary(
            later.map { ($0.fill.symbol, $0.order.strategy) }, uniquingKeysWith: { first, _ in first })
        let earlier = held.filter(\.value.isPositive).map { symbol, quantity in
            let now = positions.first { $0.symbol == symbol }
            return HeldPosition(
                id: now?.id ?? "", symbol: symbol, quantity: quantity, cost: now?.cost ?? .zero,
                strategy: now?.strategy ?? strategies[symbol] ?? "",
                isOpen: now?.isOpen ?? true || strategies[symbol] != nil)
        }
        return AccountSnapshot(
            id: id, state: state, cash: cash, netDeposits: netDeposits, positions: earlier,
            liveOrders: Array(orders.values), marks: marks, breaches: breaches)
    }
}
