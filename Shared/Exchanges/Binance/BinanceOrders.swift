package import Domain

/// An order as Binance spot wants it.
package struct BinanceNewOrder: Sendable, Equatable {
    /// What makes it trade.
    package enum Kind: Sendable, Equatable {
        case market
        /// Rests until cancelled.
        case limit(Price)
        /// A market order once the price has fallen to this (a sale) or risen to it (a purchase).
        case stopLoss(Price)
        /// A market order once the price has risen to this (a sale) or fallen to it (a purchase).
        case takeProfit(Price)
    }

    package let symbol: Symbol
    package let side: Side
    package let kind: Kind
    package let quantity: Quantity
    package let clientOrderID: String

    package init(symbol: Symbol, side: Side, kind: Kind, quantity: Quantity, clientOrderID: String) {
        self.symbol = symbol
        self.side = side
        self.kind = kind
        self.quantity = quantity
        self.clientOrderID = clientOrderID
    }

    /// The order of the suite's books; nil when a price it needs is missing.
    package init?(_ order: Order) {
        let kind: Kind
        switch (order.type, order.limitPrice, order.triggerPrice) {
        case (.market, _, _): kind = .market
        case (.limit, let price?, _): kind = .limit(price)
        case (.stop, _, let price?): kind = .stopLoss(price)
        case (.takeProfit, _, let price?): kind = .takeProfit(price)
        case (.limit, nil, _), (.stop, _, nil), (.takeProfit, _, nil): return nil
        }
        self.init(
            symbol: order.symbol, side: order.side, kind: kind, quantity: order.quantity, clientOrderID: order.id)
    }

    var parameters: [(name: String, value: String)] {
        var list = [("symbol", symbol.name), ("side", side.binanceWord)]
        switch kind {
        case .market: list.append(("type", "MARKET"))
        case .limit: list += [("type", "LIMIT"), ("timeInForce", "GTC")]
        case .stopLoss: list.append(("type", "STOP_LOSS"))
        case .takeProfit: list.append(("type", "TAKE_PROFIT"))
        }
        list.append(("quantity", quantity.description))
        switch kind {
        case .market: break
        case .limit(let price): list.append(("price", price.description))
        case .stopLoss(let price), .takeProfit(let price): list.append(("stopPrice", price.description))
        }
        list += [("newClientOrderId", clientOrderID), ("newOrderRespType", "FULL")]
        return list
    }
}

/// A stop and a target for one quantity, of which at most one trades: the exchange cancels the other.
package struct BinanceNewOCO: Sendable, Equatable {
    package let symbol: Symbol
    /// `.sell` protects what is held.
    package let side: Side
    package let quantity: Quantity
    /// Where the loss is taken.
    package let stop: Price
    /// Where the profit is taken.
    package let target: Price
    package let stopClientOrderID: String
    package let targetClientOrderID: String
    package let listClientOrderID: String

    package init(
        symbol: Symbol, side: Side, quantity: Quantity, stop: Price, target: Price, stopClientOrderID: String,
        targetClientOrderID: String, listClientOrderID: String
    ) {
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.stop = stop
        self.target = target
        self.stopClientOrderID = stopClientOrderID
        self.targetClientOrderID = targetClientOrderID
        self.listClientOrderID = listClientOrderID
    }

    /// For a sale the target is above and the stop below; for a purchase it is the other way round.
    var parameters: [(name: String, value: String)] {
        let targetAbove = side == .sell
        let above = targetAbove ? ("TAKE_PROFIT", target, targetClientOrderID) : ("STOP_LOSS", stop, stopClientOrderID)
        let below = targetAbove ? ("STOP_LOSS", stop, stopClientOrderID) : ("TAKE_PROFIT", target, targetClientOrderID)
        return [
            ("symbol", symbol.name), ("listClientOrderId", listClientOrderID), ("side", side.binanceWord),
            ("quantity", quantity.description),
            ("aboveType", above.0), ("aboveClientOrderId", above.2), ("aboveStopPrice", above.1.description),
            ("belowType", below.0), ("belowClientOrderId", below.2), ("belowStopPrice", below.1.description),
            ("newOrderRespType", "FULL"),
        ]
    }
}
