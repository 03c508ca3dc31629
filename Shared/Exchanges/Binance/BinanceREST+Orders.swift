package import Domain

// Orders and the account: signed. None of these repeats a request whose outcome is in doubt.
extension BinanceREST {
    /// Places an order. The answer tells of the trades it made at once.
    ///
    /// - Parameter decidedAt: our clock then; the exchange takes the order only within its window after it. Nil: now.
    package func place(
        _ order: BinanceNewOrder, decidedAt: Timestamp? = nil
    ) async throws(BinanceError) -> BinanceOrderReport {
        try await decoded(
            BinanceRequest(
                .post, "/api/v3/order", order.parameters, access: .signed, weight: 1, urgency: .order,
                decidedAt: decidedAt))
    }

    /// Places a stop and a target of which at most one trades.
    ///
    /// - Parameter decidedAt: as for one order.
    package func place(
        _ pair: BinanceNewOCO, decidedAt: Timestamp? = nil
    ) async throws(BinanceError) -> BinanceListReport {
        try await decoded(
            BinanceRequest(
                .post, "/api/v3/orderList/oco", pair.parameters, access: .signed, weight: 1, urgency: .order,
                decidedAt: decidedAt))
    }

    /// Cancels an open order; of a list, the whole list.
    ///
    /// - Throws: `unknownOrder` when it is not open: never placed, filled, or cancelled before.
    @discardableResult
    package func cancel(_ symbol: Symbol, clientOrderID: String) async throws(BinanceError) -> BinanceCancellation {
        try await decoded(
            BinanceRequest(
                .delete, "/api/v3/order", [("symbol", symbol.name), ("origClientOrderId", clientOrderID)],
                access: .signed, weight: 1, urgency: .order))
    }

    /// Cancels both orders of a list.
    ///
    /// - Throws: `unknownOrder` when it is not open.
    @discardableResult
    package func cancelList(
        _ symbol: Symbol, listClientOrderID: String
    ) async throws(BinanceError) -> BinanceListReport {
        try await decoded(
            BinanceRequest(
                .delete, "/api/v3/orderList", [("symbol", symbol.name), ("listClientOrderId", listClientOrderID)],
                access: .signed, weight: 1, urgency: .order))
    }

    /// The state of an order; the newest one that had this id.
    ///
    /// - Throws: `unknownOrder` when the exchange has none.
    package func order(_ symbol: Symbol, clientOrderID: String) async throws(BinanceError) -> BinanceOrderReport {
        try await decoded(
            BinanceRequest(
                .get, "/api/v3/order", [("symbol", symbol.name), ("origClientOrderId", clientOrderID)],
                access: .signed, weight: 4, urgency: .order))
    }

    /// All open orders of a market, or of all markets.
    package func openOrders(_ symbol: Symbol? = nil) async throws(BinanceError) -> [BinanceOrderReport] {
        try await decoded(
            BinanceRequest(
                .get, "/api/v3/openOrders", symbol.map { [("symbol", $0.name)] } ?? [], access: .signed,
                weight: symbol == nil ? 80 : 6, urgency: .order))
    }

    /// Our trades of a market in order of id: of one order, or from an id on, or from a time on, or the newest.
    ///
    /// - Parameter limit: 1 … 1000.
    package func myTrades(
        _ symbol: Symbol, orderID: Int64? = nil, fromID: Int64? = nil, from: Timestamp? = nil, limit: Int = 1000
    ) async throws(BinanceError) -> [BinanceFill] {
        var parameters = [(name: "symbol", value: symbol.name), (name: "limit", value: String(limit))]
        if let orderID { parameters.append(("orderId", String(orderID))) }
        if let fromID { parameters.append(("fromId", String(fromID))) }
        if let from { parameters.append(("startTime", String(from.milliseconds))) }
        let rows: [BinanceMyTrade] = try await decoded(
            BinanceRequest(
                .get, "/api/v3/myTrades", parameters, access: .signed, weight: orderID == nil ? 20 : 5,
                urgency: .order))
        return rows.map(\.fill)
    }

    /// Balances and permissions; assets without a balance are left out.
    package func account() async throws(BinanceError) -> BinanceAccount {
        try await decoded(
            BinanceRequest(
                .get, "/api/v3/account", [("omitZeroBalances", "true")], access: .signed, weight: 20, urgency: .order))
    }

    /// Opens a user data stream: the key is the path of its WebSocket, `/ws/<key>`. Valid for 60 minutes.
    package func openUserStream() async throws(BinanceError) -> String {
        struct Reply: Decodable { let listenKey: String }
        let reply: Reply = try await decoded(
            BinanceRequest(.post, "/api/v3/userDataStream", access: .key, weight: 2, urgency: .order))
        return reply.listenKey
    }

    /// Makes the key valid for another 60 minutes.
    package func keepUserStream(_ key: String) async throws(BinanceError) {
        try await send(
            BinanceRequest(
                .put, "/api/v3/userDataStream", [("listenKey", key)], access: .key, weight: 2, urgency: .order))
    }

    /// Closes the stream.
    package func closeUserStream(_ key: String) async throws(BinanceError) {
        try await send(
            BinanceRequest(
                .delete, "/api/v3/userDataStream", [("listenKey", key)], access: .key, weight: 2, urgency: .order))
    }
}

/// The answer to a cancellation: of one order, or of the list it belonged to.
package enum BinanceCancellation: Equatable, Sendable, Decodable {
    case order(BinanceOrderReport)
    case list(BinanceListReport)

    private enum Keys: String, CodingKey { case orderReports }

    package init(from decoder: any Decoder) throws {
        let isList = try decoder.container(keyedBy: Keys.self).contains(.orderReports)
        self = isList ? .list(try BinanceListReport(from: decoder)) : .order(try BinanceOrderReport(from: decoder))
    }
}
