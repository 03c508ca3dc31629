import Domain
import Exchanges

/// Orders and accounts over REST, for a client whose signature has been checked.
struct TradingAPI {
    let exchange: Exchange
    let account: Int

    /// The answer; nil for a path that is not here.
    func answer(_ request: WebRequest, _ parameters: Parameters) throws(Refused) -> WebResponse? {
        switch (request.method, request.path) {
        case ("POST", "/api/v3/order"): WebResponse(body: try place(parameters))
        case ("POST", "/api/v3/order/test"): WebResponse(body: try check(parameters))
        case ("GET", "/api/v3/order"): WebResponse(body: Messages.state(try find(parameters)))
        case ("DELETE", "/api/v3/order"): WebResponse(body: try cancel(parameters))
        case ("DELETE", "/api/v3/openOrders"): WebResponse(body: try cancelAll(parameters))
        case ("GET", "/api/v3/openOrders"): WebResponse(body: try openOrders(parameters))
        case ("GET", "/api/v3/allOrders"): WebResponse(body: try allOrders(parameters))
        case ("POST", "/api/v3/orderList/oco"): WebResponse(body: try placeList(parameters))
        case ("GET", "/api/v3/orderList"): WebResponse(body: try state(try findList(parameters)))
        case ("DELETE", "/api/v3/orderList"): WebResponse(body: try cancelList(try findList(parameters).id))
        case ("GET", "/api/v3/myTrades"): WebResponse(body: try myTrades(parameters))
        case ("GET", "/api/v3/account"):
            WebResponse(
                body: Messages.account(exchange.venue.accounts[account], exchange.settings.rules, at: exchange.now))
        default: nil
        }
    }

    private func check(_ parameters: Parameters) throws(Refused) -> String {
        _ = try OrderParameters(parameters: parameters).order(fallbackID: "test")
        return "{}"
    }

    private func place(_ parameters: Parameters) throws(Refused) -> String {
        let request = try OrderParameters(parameters: parameters).order(
            fallbackID: "sim\(exchange.venue.nextOrderID)")
        do throws(VenueRefusal) {
            let firstFill = exchange.venue.fills.count
            let id = try exchange.venue.place(request, account: account, now: exchange.now)
            let fills = exchange.venue.fills[firstFill...].filter { $0.orderID == id }
            guard let order = exchange.venue.orders[id] else { throw .noSuchOrder }
            return Messages.placed(order, fills: fills)
        } catch {
            throw Refused(error)
        }
    }

    private func placeList(_ parameters: Parameters) throws(Refused) -> String {
        let request = try OrderParameters(parameters: parameters).list(
            fallbackID: "sim\(exchange.venue.nextOrderID)")
        do throws(VenueRefusal) {
            let id = try exchange.venue.place(request, account: account, now: exchange.now)
            return answer(about: id) { Messages.placed($0, fills: []) }
        } catch {
            throw Refused(error)
        }
    }

    private func find(_ parameters: Parameters) throws(Refused) -> VenueOrder {
        let symbol = try parameters.symbol()
        guard exchange.venue.markets[symbol] != nil else { throw Refused(.unknownSymbol) }
        if let id = try parameters.integer("orderId") {
            guard let order = exchange.venue.orders[id], order.account == account, order.request.symbol == symbol else {
                throw Refused(.noSuchOrder)
            }
            return order
        }
        guard let clientID = parameters["origClientOrderId"] else {
            throw Refused(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
        }
        guard let order = exchange.venue.order(account, symbol, clientOrderID: clientID) else {
            throw Refused(.noSuchOrder)
        }
        return order
    }

    private func cancel(_ parameters: Parameters) throws(Refused) -> String {
        let order: VenueOrder
        do throws(Refused) {
            order = try find(parameters)
        } catch {
            throw error.response == Refused(.noSuchOrder).response ? Refused(.unknownOrder) : error
        }
        guard order.isOpen else { throw Refused(.unknownOrder) }
        if let listID = order.listID { return try cancelList(listID) }
        do throws(VenueRefusal) {
            let cancelled = try exchange.venue.cancel(order.id, account: account, now: exchange.now)
            return cancelled.first.map(Messages.cancelled) ?? "{}"
        } catch {
            throw Refused(error)
        }
    }

    private func cancelAll(_ parameters: Parameters) throws(Refused) -> String {
        let open = exchange.venue.openOrders(account, try parameters.symbol())
        guard !open.isEmpty else { throw Refused(.unknownOrder) }
        var rows: [String] = []
        for order in open where exchange.venue.orders[order.id]?.isOpen ?? false {
            do throws(VenueRefusal) {
                let done = try exchange.venue.cancel(order.id, account: account, now: exchange.now)
                rows += done.map(Messages.cancelled)
            } catch {
                throw Refused(error)
            }
        }
        return Messages.list(rows)
    }

    private func findList(_ parameters: Parameters) throws(Refused) -> VenueList {
        let venue = exchange.venue
        var found: VenueList?
        if let id = try parameters.integer("orderListId") {
            found = venue.lists[id]
        } else if let clientID = parameters["listClientOrderId"] ?? parameters["origClientOrderId"] {
            let symbols = try parameters["symbol"] == nil ? venue.markets.keys.sorted() : [parameters.symbol()]
            found =
                symbols.lazy.compactMap { symbol in
                    venue.listByClientID[Venue.ClientKey(account: account, symbol: symbol, id: clientID)]
                        .flatMap { venue.lists[$0] }
                }.first
        }
        guard let found, found.account == account else { throw Refused(.unknownOrder) }
        return found
    }

    private func state(_ list: VenueList) throws(Refused) -> String {
        let orders = list.orderIDs.compactMap { exchange.venue.orders[$0] }
        return Messages.list(list, orders: orders, reports: [], at: list.createdAt)
    }

    private func cancelList(_ id: Int64) throws(Refused) -> String {
        do throws(VenueRefusal) {
            _ = try exchange.venue.cancelList(id, account: account, now: exchange.now)
            return answer(about: id, Messages.cancelled)
        } catch {
            throw Refused(error)
        }
    }

    private func answer(about listID: Int64, _ report: (VenueOrder) -> String) -> String {
        guard let list = exchange.venue.lists[listID] else { return "{}" }
        let orders = list.orderIDs.compactMap { exchange.venue.orders[$0] }
        return Messages.list(list, orders: orders, reports: orders.map(report), at: exchange.now)
    }

    private func openOrders(_ parameters: Parameters) throws(Refused) -> String {
        let symbol = parameters["symbol"] == nil ? nil : try parameters.symbol()
        return Messages.list(exchange.venue.openOrders(account, symbol).map(Messages.state))
    }

    private func allOrders(_ parameters: Parameters) throws(Refused) -> String {
        let symbol = try parameters.symbol()
        let from = try parameters.integer("orderId") ?? 0
        let limit = try parameters.limit(default: 500)
        let orders = exchange.venue.orders.values
            .filter { $0.account == account && $0.request.symbol == symbol && $0.id >= from }
            .sorted { $0.id < $1.id }
        return Messages.list((from > 0 ? orders.prefix(limit) : orders.suffix(limit)).map(Messages.state))
    }

    private func myTrades(_ parameters: Parameters) throws(Refused) -> String {
        let symbol = try parameters.symbol()
        let order = try parameters.integer("orderId")
        let fromID = try parameters.integer("fromId")
        let start = try parameters.time("startTime")
        let end = try parameters.time("endTime")
        let limit = try parameters.limit(default: 500)
        let fills = exchange.venue.fills.filter { fill in
            fill.account == account && fill.symbol == symbol && (order.map { fill.orderID == $0 } ?? true)
                && (fromID.map { fill.tradeID >= $0 } ?? true) && (start.map { fill.time >= $0 } ?? true)
                && (end.map { fill.time <= $0 } ?? true)
        }
        let isForward = fromID != nil || start != nil
        return Messages.list((isForward ? fills.prefix(limit) : fills.suffix(limit)).map { Messages.myTrade($0) })
    }
}
