import Domain
import Exchanges

// Orders, as the exchange answers about them and as its user data stream tells of them.
extension Messages {
    /// The fields that every answer about an order has, without braces.
    private static func fields(_ order: VenueOrder) -> String {
        let request = order.request
        return """
            "symbol":"\(request.symbol)","orderId":\(order.id),"orderListId":\(order.listID ?? -1),\
            "price":"\(fixed(request.price ?? .zero))","origQty":"\(fixed(request.quantity))",\
            "executedQty":"\(fixed(order.filled))","origQuoteOrderQty":"0.00000000",\
            "cummulativeQuoteQty":"\(fixed(order.filledQuote))","status":"\(order.status.word)",\
            "timeInForce":"\(request.timeInForce.rawValue)","type":"\(request.kind.rawValue)",\
            "side":"\(request.side.binanceWord)","selfTradePreventionMode":"NONE"\
            \(request.stopPrice.map { ",\"stopPrice\":\"\(fixed($0))\"" } ?? "")
            """
    }

    /// The answer to a new order.
    static func placed(_ order: VenueOrder, fills: [VenueFill]) -> String {
        let rows = fills.map { fill in
            """
            {"price":"\(fixed(fill.price))","qty":"\(fixed(fill.quantity))","commission":"\(fixed(fill.commission))",\
            "commissionAsset":"\(fill.commissionAsset)","tradeId":\(fill.tradeID)}
            """
        }
        return """
            {\(fields(order)),"clientOrderId":"\(order.request.clientOrderID)",\
            "transactTime":\(order.updatedAt.milliseconds),"workingTime":\(order.createdAt.milliseconds),\
            "fills":\(list(rows))}
            """
    }

    /// The answer to a question.
    static func state(_ order: VenueOrder) -> String {
        """
        {\(fields(order)),"clientOrderId":"\(order.request.clientOrderID)","icebergQty":"0.00000000",\
        "time":\(order.createdAt.milliseconds),"updateTime":\(order.updatedAt.milliseconds),\
        "isWorking":\(order.isWorking),"workingTime":\(order.isWorking ? order.createdAt.milliseconds : -1)}
        """
    }

    /// The answer to a cancellation.
    static func cancelled(_ order: VenueOrder) -> String {
        """
        {\(fields(order)),"origClientOrderId":"\(order.request.clientOrderID)","clientOrderId":"cancel\(order.id)",\
        "transactTime":\(order.updatedAt.milliseconds)}
        """
    }

    /// The answer about an order list, with its orders.
    static func list(_ list: VenueList, orders: [VenueOrder], reports: [String], at now: Timestamp) -> String {
        """
        {"orderListId":\(list.id),"contingencyType":"OCO",\
        "listStatusType":"\(list.isDone ? "ALL_DONE" : "EXEC_STARTED")",\
        "listOrderStatus":"\(list.isDone ? "ALL_DONE" : "EXECUTING")","listClientOrderId":"\(list.clientOrderID)",\
        "transactionTime":\(now.milliseconds),"symbol":"\(list.symbol)",\
        "orders":\(self.list(orders.map(name))),"orderReports":\(self.list(reports))}
        """
    }

    private static func name(_ order: VenueOrder) -> String {
        """
        {"symbol":"\(order.request.symbol)","orderId":\(order.id),"clientOrderId":"\(order.request.clientOrderID)"}
        """
    }

    /// - Parameter more: further fields, each after a comma; for inspection, the exchange has none.
    static func myTrade(_ fill: VenueFill, more: String = "") -> String {
        """
        {"symbol":"\(fill.symbol)","id":\(fill.tradeID),"orderId":\(fill.orderID),"orderListId":\(fill.listID ?? -1),\
        "price":"\(fixed(fill.price))","qty":"\(fixed(fill.quantity))","quoteQty":"\(fixed(fill.notional))",\
        "commission":"\(fixed(fill.commission))","commissionAsset":"\(fill.commissionAsset)",\
        "time":\(fill.time.milliseconds),"isBuyer":\(fill.side == .buy),"isMaker":\(fill.isMaker),"isBestMatch":true\(more)}
        """
    }

    static func account(_ balances: Balances, _ rules: VenueRules, at now: Timestamp) -> String {
        let rows = balances.assets.map { asset in
            "{\"asset\":\"\(asset)\",\"free\":\"\(fixed(balances[asset].free))\",\"locked\":\"\(fixed(balances[asset].locked))\"}"
        }
        return """
            {"makerCommission":10,"takerCommission":10,"buyerCommission":0,"sellerCommission":0,"commissionRates":\
            {"maker":"\(fixed(Int128(rules.makerFee.raw)))","taker":"\(fixed(Int128(rules.takerFee.raw)))",\
            "buyer":"0.00000000","seller":"0.00000000"},"canTrade":true,"canWithdraw":false,"canDeposit":true,\
            "brokered":false,"updateTime":\(now.milliseconds),"accountType":"SPOT","balances":\(list(rows)),\
            "permissions":["SPOT"],"uid":1}
            """
    }

    /// What the user data stream says of an event.
    static func event(_ event: VenueEvent, _ venue: Venue) -> String {
        switch event {
        case .order(let order, let execution, let fill, let now): report(order, execution, fill, at: now)
        case .list(let list, let orders, let now): listStatus(list, orders, at: now)
        case .balances(let account, let assets, let now):
            position(venue.accounts[account], assets, at: now)
        }
    }

    private static func report(
        _ order: VenueOrder, _ execution: String, _ fill: VenueFill?, at now: Timestamp
    ) -> String {
        let request = order.request
        let isCancel = execution == "CANCELED"
        return """
            {"e":"executionReport","E":\(now.milliseconds),"s":"\(request.symbol)",\
            "c":"\(isCancel ? "cancel\(order.id)" : request.clientOrderID)","S":"\(request.side.binanceWord)",\
            "o":"\(request.kind.rawValue)","f":"\(request.timeInForce.rawValue)","q":"\(fixed(request.quantity))",\
            "p":"\(fixed(request.price ?? .zero))","P":"\(fixed(request.stopPrice ?? .zero))","F":"0.00000000",\
            "g":\(order.listID ?? -1),"C":"\(isCancel ? request.clientOrderID : "")","x":"\(execution)",\
            "X":"\(order.status.word)","r":"NONE","i":\(order.id),"l":"\(fixed(fill?.quantity ?? .zero))",\
            "z":"\(fixed(order.filled))","L":"\(fixed(fill?.price ?? .zero))",\
            "n":"\(fixed(fill?.commission ?? .zero))","N":\(fill.map { "\"\($0.commissionAsset)\"" } ?? "null"),\
            "T":\(now.milliseconds),"t":\(fill?.tradeID ?? -1),"I":\(order.id),"w":\(order.isWorking),\
            "m":\(fill?.isMaker ?? false),"M":false,"O":\(order.createdAt.milliseconds),\
            "Z":"\(fixed(order.filledQuote))","Y":"\(fixed(fill?.notional ?? .zero))","Q":"0.00000000","V":"NONE"}
            """
    }

    private static func listStatus(_ list: VenueList, _ orders: [VenueOrder], at now: Timestamp) -> String {
        let names = orders.map { order in
            "{\"s\":\"\(list.symbol)\",\"i\":\(order.id),\"c\":\"\(order.request.clientOrderID)\"}"
        }
        return """
            {"e":"listStatus","E":\(now.milliseconds),"s":"\(list.symbol)","g":\(list.id),"c":"OCO",\
            "l":"\(list.isDone ? "ALL_DONE" : "EXEC_STARTED")","L":"\(list.isDone ? "ALL_DONE" : "EXECUTING")",\
            "r":"NONE","C":"\(list.clientOrderID)","T":\(now.milliseconds),"O":\(self.list(names))}
            """
    }

    private static func position(_ balances: Balances, _ assets: [String], at now: Timestamp) -> String {
        let rows = assets.map { asset in
            "{\"a\":\"\(asset)\",\"f\":\"\(fixed(balances[asset].free))\",\"l\":\"\(fixed(balances[asset].locked))\"}"
        }
        return """
            {"e":"outboundAccountPosition","E":\(now.milliseconds),"u":\(now.milliseconds),"B":\(list(rows))}
            """
    }
}
