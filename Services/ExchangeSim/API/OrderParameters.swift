import Domain
import Exchanges

/// Reads new orders out of a request's parameters.
struct OrderParameters {
    let parameters: Parameters

    /// - Parameter fallbackID: the client order id when the client gives none.
    func order(fallbackID: String) throws(Refused) -> PlaceOrder {
        let symbol = try parameters.symbol()
        let side = try parameters.side()
        let kind = try kind("type")
        var order = PlaceOrder(
            symbol: symbol, side: side, kind: kind, quantity: try parameters.quantity(),
            clientOrderID: try parameters.clientID("newClientOrderId", fallback: fallbackID))
        try setPrices(&order, price: "price", stop: "stopPrice", timeInForce: "timeInForce")
        return order
    }

    /// - Parameter fallbackID: the beginning of the client order ids when the client gives none.
    func list(fallbackID: String) throws(Refused) -> PlaceList {
        let above = try leg("above", fallbackID: "\(fallbackID)a")
        let below = try leg("below", fallbackID: "\(fallbackID)b")
        guard Self.isPair(above, below) else {
            throw Refused(-1158, "The given aboveType and belowType do not make an OCO.")
        }
        return PlaceList(
            symbol: above.symbol, side: above.side, quantity: above.quantity, above: above, below: below,
            listClientOrderID: try parameters.clientID("listClientOrderId", fallback: "\(fallbackID)l"))
    }

    private func leg(_ prefix: String, fallbackID: String) throws(Refused) -> PlaceOrder {
        var order = PlaceOrder(
            symbol: try parameters.symbol(), side: try parameters.side(), kind: try kind("\(prefix)Type"),
            quantity: try parameters.quantity(),
            clientOrderID: try parameters.clientID("\(prefix)ClientOrderId", fallback: fallbackID))
        try setPrices(
            &order, price: "\(prefix)Price", stop: "\(prefix)StopPrice", timeInForce: "\(prefix)TimeInForce")
        return order
    }

    /// One leg takes the loss, the other the profit, on the sides where these are.
    private static func isPair(_ above: PlaceOrder, _ below: PlaceOrder) -> Bool {
        let (profit, loss) = above.side == .sell ? (above.kind, below.kind) : (below.kind, above.kind)
        let takesProfit: Bool =
            switch profit {
            case .limitMaker, .takeProfit, .takeProfitLimit: true
            case .market, .limit, .stopLoss, .stopLossLimit: false
            }
        return takesProfit && (loss == .stopLoss || loss == .stopLossLimit)
    }

    private func kind(_ name: String) throws(Refused) -> PlaceOrder.Kind {
        guard let kind = PlaceOrder.Kind(rawValue: try parameters.required(name)) else {
            throw Refused(-1116, "Invalid orderType.")
        }
        return kind
    }

    private func setPrices(
        _ order: inout PlaceOrder, price: String, stop: String, timeInForce: String
    ) throws(Refused) {
        if order.kind.isLimited {
            _ = try parameters.required(price)
            order.price = try parameters.price(price)
        }
        if order.kind.isTriggered {
            _ = try parameters.required(stop)
            order.stopPrice = try parameters.price(stop)
        }
        guard order.kind.isLimited, order.kind != .limitMaker else { return }
        guard let force = PlaceOrder.TimeInForce(rawValue: try parameters.required(timeInForce)) else {
            throw Refused(-1115, "Invalid timeInForce.")
        }
        order.timeInForce = force
    }
}
