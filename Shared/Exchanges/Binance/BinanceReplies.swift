package import Domain

/// What the exchange answers about one order: when it is placed, cancelled, or asked for.
package struct BinanceOrderReport: Equatable, Sendable {
    package let symbol: Symbol
    package let orderID: Int64
    /// The order list it belongs to; nil for a single order.
    package let orderListID: Int64?
    /// The id we gave the order. (A cancellation carries an id of its own; this is still the order's.)
    package let clientOrderID: String
    package let status: BinanceOrderStatus
    package let side: Side
    /// Such as `MARKET`, `LIMIT`, `STOP_LOSS`.
    package let type: String
    package let quantity: Quantity
    package let filledQuantity: Quantity
    /// What the filled quantity cost or brought, in the quote asset; negative when the exchange does not know.
    package let filledQuote: Money
    /// The trades, where the answer lists them (a new order's only).
    package let fills: [BinanceFill]
    /// Exchange time of the last change.
    package let time: Timestamp
}

extension BinanceOrderReport: Decodable {
    private enum Keys: String, CodingKey {
        case symbol, orderId, orderListId, clientOrderId, origClientOrderId, status, side, type, origQty, executedQty
        case cummulativeQuoteQty, fills, transactTime, updateTime, time
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        symbol = try container.decode(Symbol.self, forKey: .symbol)
        orderID = try container.decode(Int64.self, forKey: .orderId)
        let listID = try container.decodeIfPresent(Int64.self, forKey: .orderListId) ?? -1
        orderListID = listID < 0 ? nil : listID
        let original = try container.decodeIfPresent(String.self, forKey: .origClientOrderId) ?? ""
        clientOrderID = original.isEmpty ? try container.decode(String.self, forKey: .clientOrderId) : original
        status = try container.decode(BinanceOrderStatus.self, forKey: .status)
        side = try container.decode(BinanceSide.self, forKey: .side).side
        type = try container.decode(String.self, forKey: .type)
        quantity = try container.decode(Quantity.self, forKey: .origQty)
        filledQuantity = try container.decode(Quantity.self, forKey: .executedQty)
        filledQuote = try container.decode(Money.self, forKey: .cummulativeQuoteQty)
        let milliseconds =
            try container.decodeIfPresent(Int64.self, forKey: .transactTime)
            ?? container.decodeIfPresent(Int64.self, forKey: .updateTime)
            ?? container.decode(Int64.self, forKey: .time)
        time = Timestamp(milliseconds: milliseconds)
        let trades = try container.decodeIfPresent([BinanceOrderTrade].self, forKey: .fills) ?? []
        fills = trades.map { [symbol, orderID, side, time] trade in
            trade.fill(symbol: symbol, orderID: orderID, side: side, time: time)
        }
    }
}

/// A trade as the answer to a new order lists it.
struct BinanceOrderTrade: Decodable {
    let price: Price
    let qty: Quantity
    let commission: Money
    let commissionAsset: String
    let tradeId: Int64

    /// A new order that trades at once takes from the book.
    func fill(symbol: Symbol, orderID: Int64, side: Side, time: Timestamp) -> BinanceFill {
        BinanceFill(
            symbol: symbol, tradeID: tradeId, orderID: orderID, side: side, price: price, quantity: qty,
            commission: commission, commissionAsset: commissionAsset, isMaker: false, time: time)
    }
}

/// `BUY` or `SELL`.
struct BinanceSide: Decodable {
    let side: Side

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let side = Side(binanceWord: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a side is BUY or SELL")
        }
        self.side = side
    }
}

/// What the exchange answers about an order list.
package struct BinanceListReport: Equatable, Sendable, Decodable {
    package let listID: Int64
    package let listClientOrderID: String
    /// `RESPONSE`, `EXEC_STARTED`, `ALL_DONE`.
    package let listStatus: String
    /// Its orders; empty where the answer only names them.
    package let orders: [BinanceOrderReport]

    private enum CodingKeys: String, CodingKey {
        case listID = "orderListId"
        case listClientOrderID = "listClientOrderId"
        case listStatus = "listStatusType"
        case orders = "orderReports"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        listID = try container.decode(Int64.self, forKey: .listID)
        listClientOrderID = try container.decode(String.self, forKey: .listClientOrderID)
        listStatus = try container.decode(String.self, forKey: .listStatus)
        orders = try container.decodeIfPresent([BinanceOrderReport].self, forKey: .orders) ?? []
    }
}

/// What an account has, and may do.
package struct BinanceAccount: Equatable, Sendable, Decodable {
    package let canTrade: Bool
    package let canWithdraw: Bool
    package let balances: [BinanceBalance]
}

extension BinanceBalance: Decodable {
    private enum CodingKeys: String, CodingKey { case asset, free, locked }
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        asset = try container.decode(String.self, forKey: .asset)
        free = try container.decode(Money.self, forKey: .free)
        locked = try container.decode(Money.self, forKey: .locked)
    }
}

/// One entry of `myTrades`.
struct BinanceMyTrade: Decodable {
    let symbol: Symbol
    let id: Int64
    let orderId: Int64
    let price: Price
    let qty: Quantity
    let commission: Money
    let commissionAsset: String
    let time: Int64
    let isBuyer: Bool
    let isMaker: Bool

    var fill: BinanceFill {
        BinanceFill(
            symbol: symbol, tradeID: id, orderID: orderId, side: isBuyer ? .buy : .sell, price: price, quantity: qty,
            commission: commission, commissionAsset: commissionAsset, isMaker: isMaker,
            time: Timestamp(milliseconds: time))
    }
}
