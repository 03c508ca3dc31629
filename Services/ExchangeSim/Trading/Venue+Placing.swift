import Domain
import Exchanges

extension Venue {
    /// Takes an order, trades what trades at once, and lets the rest wait.
    ///
    /// - Returns: its number.
    /// - Throws: why it was refused; nothing has changed then.
    mutating func place(_ request: PlaceOrder, account: Int, now: Timestamp) throws(VenueRefusal) -> Int64 {
        let market = try market(request.symbol)
        try checkUnused(request, account)
        try checkFilters(request, market.instrument)
        try checkPrices(request, market)
        let reserve = reserve(request, market)
        let asset = request.side == .buy ? market.instrument.quote : market.instrument.base
        guard accounts[account].lock(reserve, of: asset) else { throw .insufficientBalance }
        let id = takeOrderID()
        var order = VenueOrder(
            id: id, account: account, request: request, listID: nil, createdAt: now, updatedAt: now, status: .new,
            isWorking: !request.kind.isTriggered)
        order.locked = reserve
        book(order)
        report(id, "NEW", at: now)
        if !reserve.isZero { pending.append(.balances(account: account, assets: [asset], at: now)) }
        if order.isWorking { takeFromBook(id, now: now) }
        return id
    }

    /// Takes two orders of which at most one will trade.
    ///
    /// - Returns: the list's number.
    /// - Throws: why it was refused; nothing has changed then.
    mutating func place(_ request: PlaceList, account: Int, now: Timestamp) throws(VenueRefusal) -> Int64 {
        let market = try market(request.symbol)
        for order in [request.above, request.below] {
            try checkUnused(order, account)
            try checkFilters(order, market.instrument)
        }
        guard request.above.clientOrderID != request.below.clientOrderID else { throw .duplicate }
        let key = ClientKey(account: account, symbol: request.symbol, id: request.listClientOrderID)
        if let existing = listByClientID[key].flatMap({ lists[$0] }), !existing.isDone { throw .duplicate }
        guard let last = market.last?.price else { throw .noPrice }
        guard let upper = request.above.stopPrice ?? request.above.price,
            let lower = request.below.stopPrice ?? request.below.price, upper > last, lower < last
        else { throw .pricesOfList }
        let reserve = max(reserve(request.above, market), reserve(request.below, market))
        let asset = request.side == .buy ? market.instrument.quote : market.instrument.base
        guard accounts[account].lock(reserve, of: asset) else { throw .insufficientBalance }
        let listID = takeListID()
        let ids = [takeOrderID(), takeOrderID()]
        lists[listID] = VenueList(
            id: listID, account: account, symbol: request.symbol, clientOrderID: request.listClientOrderID,
            orderIDs: ids, createdAt: now, locked: reserve)
        listByClientID[key] = listID
        for (id, order) in zip(ids, [request.below, request.above]) {
            book(
                VenueOrder(
                    id: id, account: account, request: order, listID: listID, createdAt: now, updatedAt: now,
                    status: .new, isWorking: !order.kind.isTriggered))
        }
        tell(listID, at: now)
        for id in ids { report(id, "NEW", at: now) }
        pending.append(.balances(account: account, assets: [asset], at: now))
        return listID
    }

    /// Cancels an open order; one of a list takes the whole list with it.
    ///
    /// - Returns: the orders that were cancelled.
    /// - Throws: `unknownOrder` when it is not open.
    mutating func cancel(_ id: Int64, account: Int, now: Timestamp) throws(VenueRefusal) -> [VenueOrder] {
        guard let order = orders[id], order.account == account, order.isOpen else { throw .unknownOrder }
        if let listID = order.listID { return try cancelList(listID, account: account, now: now) }
        let asset = lockAsset(order)
        close(id, as: .canceled, at: now)
        report(id, "CANCELED", at: now)
        pending.append(.balances(account: account, assets: [asset], at: now))
        return orders[id].map { [$0] } ?? []
    }

    /// Cancels both orders of a list.
    ///
    /// - Throws: `unknownOrder` when the list is over.
    mutating func cancelList(_ id: Int64, account: Int, now: Timestamp) throws(VenueRefusal) -> [VenueOrder] {
        guard let list = lists[id], list.account == account, !list.isDone else { throw .unknownOrder }
        let open = list.orderIDs.filter { orders[$0]?.isOpen ?? false }
        for order in open {
            close(order, as: .canceled, at: now)
            report(order, "CANCELED", at: now)
        }
        finishList(id, at: now)
        return list.orderIDs.compactMap { orders[$0] }
    }

    /// The list is over: gives back what it had reserved.
    mutating func finishList(_ id: Int64, at now: Timestamp) {
        guard var list = lists[id], !list.isDone, let first = list.orderIDs.first, let order = orders[first] else {
            return
        }
        let asset = lockAsset(order)
        accounts[list.account].unlock(list.locked, of: asset)
        list.locked = .zero
        list.isDone = true
        lists[id] = list
        tell(id, at: now)
        pending.append(.balances(account: list.account, assets: [asset], at: now))
    }

    mutating func report(_ id: Int64, _ execution: String, fill: VenueFill? = nil, at now: Timestamp) {
        guard let order = orders[id] else { return }
        pending.append(.order(order, execution: execution, fill: fill, at: now))
    }

    mutating func tell(_ listID: Int64, at now: Timestamp) {
        guard let list = lists[listID] else { return }
        pending.append(.list(list, orders: list.orderIDs.compactMap { orders[$0] }, at: now))
    }
}

// What is checked before an order is taken.
extension Venue {
    private func market(_ symbol: Symbol) throws(VenueRefusal) -> Market {
        guard let market = markets[symbol] else { throw .unknownSymbol }
        return market
    }

    /// An id may be used again once its order is over, as at the real exchange.
    private func checkUnused(_ request: PlaceOrder, _ account: Int) throws(VenueRefusal) {
        let existing = order(account, request.symbol, clientOrderID: request.clientOrderID)
        if existing?.isOpen ?? false { throw .duplicate }
        guard request.kind.isTriggered else { return }
        let stops = openOrders(account, request.symbol).filter { $0.request.kind.isTriggered && !$0.isWorking }
        if stops.filter({ $0.listID == nil || $0.request.kind == .stopLoss }).count >= rules.stopLimit {
            throw .tooManyStops
        }
    }

    private func checkFilters(_ request: PlaceOrder, _ instrument: Instrument) throws(VenueRefusal) {
        guard request.quantity >= instrument.minimumQuantity, request.quantity <= instrument.maximumQuantity,
            request.quantity.roundedDown(to: instrument.lotSize) == request.quantity
        else { throw .filter("LOT_SIZE") }
        for price in [request.price, request.stopPrice].compactMap(\.self) {
            guard price.isPositive, price.raw % instrument.tickSize.raw == 0 else { throw .filter("PRICE_FILTER") }
        }
        let price = request.price ?? request.stopPrice ?? markets[request.symbol]?.last?.price
        guard let price else { throw .noPrice }
        guard price.times(request.quantity) >= instrument.minimumNotional else { throw .filter("NOTIONAL") }
    }

    private func checkPrices(_ request: PlaceOrder, _ market: Market) throws(VenueRefusal) {
        guard let last = market.last?.price, let quote = market.quote else { throw .noPrice }
        if request.kind.isTriggered, let stop = request.stopPrice, Self.isReached(request, stop, by: last) {
            throw .wouldTrigger
        }
        if request.kind == .limitMaker, let price = request.price {
            let matches = request.side == .buy ? price >= quote.ask : price <= quote.bid
            if matches { throw .wouldMatch }
        }
    }

    /// Has the price come to where the order was waiting for it?
    static func isReached(_ request: PlaceOrder, _ stop: Price, by price: Price) -> Bool {
        switch (request.kind, request.side) {
        case (.stopLoss, .sell), (.stopLossLimit, .sell), (.takeProfit, .buy), (.takeProfitLimit, .buy):
            price <= stop
        case (.stopLoss, .buy), (.stopLossLimit, .buy), (.takeProfit, .sell), (.takeProfitLimit, .sell):
            price >= stop
        case (.market, _), (.limit, _), (.limitMaker, _): true
        }
    }

    /// What must be set aside: a seller's quantity; what a buyer pays at worst, fee on top where it is in the quote asset.
    private func reserve(_ request: PlaceOrder, _ market: Market) -> Money {
        guard request.side == .buy else { return Money(raw: Int128(request.quantity.raw)) }
        let cost: Money
        if let price = request.price ?? request.stopPrice {
            cost = price.times(request.quantity)
        } else {
            cost = levels(.buy, market, quantity: request.quantity, limit: nil)
                .reduce(.zero) { $0 + $1.price.times($1.quantity) }
        }
        guard rules.commissionAsset == .quote else { return cost }
        return cost + cost.times(max(rules.makerFee, rules.takerFee), .awayFromZero)
    }
}
