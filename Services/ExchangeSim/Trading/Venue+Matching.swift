import Domain
import Exchanges

extension Venue {
    /// A price and how much trades at it.
    struct Level: Sendable, Equatable {
        let price: Price
        let quantity: Quantity
    }

    /// The market has moved: notes it, then fills and triggers what it reached, oldest order first.
    mutating func take(_ print: Print, quote: Quote?, now: Timestamp) {
        guard markets[print.symbol] != nil else { return }
        markets[print.symbol]?.last = print
        if let quote { markets[print.symbol]?.quote = quote }
        for id in markets[print.symbol]?.open ?? [] {
            guard let order = orders[id], order.isOpen else { continue }
            if order.isWorking {
                fillResting(order, print, now: now)
            } else if let stop = order.request.stopPrice, Self.isReached(order.request, stop, by: print.price) {
                trigger(id, now: now)
            }
        }
    }

    /// The best bid and ask have changed.
    mutating func take(_ quote: Quote) { markets[quote.symbol]?.quote = quote }

    /// A resting order trades at its own price: all of it when the market went through, as much as was printed otherwise.
    private mutating func fillResting(_ order: VenueOrder, _ print: Print, now: Timestamp) {
        guard let price = order.request.price else { return }
        let isThrough = order.request.side == .buy ? print.price < price : print.price > price
        guard isThrough || print.price == price else { return }
        let quantity = isThrough ? order.remaining : min(order.remaining, lots(print.quantity, order.request.symbol))
        guard quantity.isPositive else { return }
        endOtherLeg(of: order, now: now)
        fill(order.id, Level(price: price, quantity: quantity), isMaker: true, now: now)
    }

    private func lots(_ quantity: Quantity, _ symbol: Symbol) -> Quantity {
        markets[symbol].map { quantity.roundedDown(to: $0.instrument.lotSize) } ?? .zero
    }

    private mutating func trigger(_ id: Int64, now: Timestamp) {
        guard let order = orders[id] else { return }
        endOtherLeg(of: order, now: now)
        orders[id]?.isWorking = true
        takeFromBook(id, now: now)
    }

    /// The order begins to trade, so that of its list must not.
    private mutating func endOtherLeg(of order: VenueOrder, now: Timestamp) {
        guard let listID = order.listID, let list = lists[listID] else { return }
        for other in list.orderIDs where other != order.id && (orders[other]?.isOpen ?? false) {
            close(other, as: .expired, at: now)
            report(other, "EXPIRED", at: now)
        }
    }

    /// Trades against the book what can be traded at once; the rest waits, or is given up.
    mutating func takeFromBook(_ id: Int64, now: Timestamp) {
        guard let order = orders[id], let market = markets[order.request.symbol] else { return }
        let request = order.request
        let limit = request.kind.isLimited ? request.price : nil
        let levels = levels(request.side, market, quantity: order.remaining, limit: limit)
        let available = levels.reduce(Quantity.zero) { $0 + $1.quantity }
        if request.timeInForce == .fok, available < order.remaining { return giveUp(id, now: now) }
        for level in levels {
            guard affords(id, level) else { break }
            fill(id, level, isMaker: false, now: now)
        }
        guard let after = orders[id], after.isOpen else { return }
        if limit == nil || request.timeInForce != .gtc { giveUp(id, now: now) }
    }

    private mutating func giveUp(_ id: Int64, now: Timestamp) {
        guard let order = orders[id] else { return }
        close(id, as: .expired, at: now)
        report(id, "EXPIRED", at: now)
        if let listID = order.listID { finishList(listID, at: now) }
        pending.append(.balances(account: order.account, assets: [lockAsset(order)], at: now))
    }

    /// A purchase that was triggered at a worse price than it reserved for must be covered by what is free.
    private func affords(_ id: Int64, _ level: Level) -> Bool {
        guard let order = orders[id], let instrument = markets[order.request.symbol]?.instrument else { return false }
        guard order.request.side == .buy else { return true }
        let cost = level.price.times(level.quantity)
        let fee = rules.commissionAsset == .quote ? cost.times(rules.takerFee, .awayFromZero) : .zero
        let reserved = order.listID.flatMap { lists[$0]?.locked } ?? order.locked
        return accounts[order.account][instrument.quote].free + reserved >= cost + fee
    }

    /// What the book offers: the best price with its quantity, then ever more at ever worse prices, 20 in all.
    func levels(_ side: Side, _ market: Market, quantity: Quantity, limit: Price?) -> [Level] {
        guard let quote = market.quote else { return [] }
        let best = side == .buy ? quote.ask : quote.bid
        let top = max(side == .buy ? quote.askQuantity : quote.bidQuantity, market.instrument.lotSize)
            .roundedDown(to: market.instrument.lotSize)
        let tick = market.instrument.tickSize
        let step = max(tick, Price(raw: best.raw / 20_000 / tick.raw * tick.raw))
        var left = quantity
        var result: [Level] = []
        for index in 0..<20 where left.isPositive {
            let distance = Price(raw: step.raw * Int64(index))
            let price = side == .buy ? best + distance : best - distance
            guard price.isPositive else { break }
            if let limit, side == .buy ? price > limit : price < limit { break }
            let offered = Quantity(raw: top.raw.multipliedReportingOverflow(by: Int64(index + 1)).partialValue)
            let part = index == 19 ? left : min(left, offered)
            guard part.isPositive else { break }
            result.append(Level(price: price, quantity: part))
            left -= part
        }
        return result
    }

    /// Books one trade of an order: the assets change hands, the fee is taken, the order is over when nothing is left.
    private mutating func fill(_ id: Int64, _ level: Level, isMaker: Bool, now: Timestamp) {
        guard var order = orders[id], let instrument = markets[order.request.symbol]?.instrument else { return }
        let notional = level.price.times(level.quantity)
        let fee = commission(order.request.side, level, notional, instrument, isMaker: isMaker)
        exchange(&order, level, notional, fee, instrument)
        order.filled += level.quantity
        order.filledQuote += notional
        order.status = order.remaining.isZero ? .filled : .partiallyFilled
        order.updatedAt = now
        orders[id] = order
        let fill = VenueFill(
            tradeID: takeTradeID(), orderID: id, listID: order.listID, clientOrderID: order.request.clientOrderID,
            account: order.account, symbol: order.request.symbol, side: order.request.side, price: level.price,
            quantity: level.quantity, commission: fee.amount, commissionAsset: fee.asset, isMaker: isMaker, time: now)
        fills.append(fill)
        report(id, "TRADE", fill: fill, at: now)
        if order.remaining.isZero {
            close(id, as: .filled, at: now)
            if let listID = order.listID { finishList(listID, at: now) }
        }
        pending.append(
            .balances(account: order.account, assets: [instrument.base, instrument.quote].sorted(), at: now))
    }

    private func commission(
        _ side: Side, _ level: Level, _ notional: Money, _ instrument: Instrument, isMaker: Bool
    ) -> (amount: Money, asset: String) {
        let rate = isMaker ? rules.makerFee : rules.takerFee
        if side == .buy, rules.commissionAsset == .received {
            return (Money(raw: Int128(level.quantity.times(rate).raw)), instrument.base)
        }
        if rules.commissionAsset == .bnb { return (notional.times(rate).times(Ratio(1, over: 600)), "BNB") }
        return (notional.times(rate, .towardZero), instrument.quote)
    }

    private mutating func exchange(
        _ order: inout VenueOrder, _ level: Level, _ notional: Money, _ fee: (amount: Money, asset: String),
        _ instrument: Instrument
    ) {
        let bought = Money(raw: Int128(level.quantity.raw))
        let isBuy = order.request.side == .buy
        let isForeign = fee.asset != instrument.quote && fee.asset != instrument.base
        let feeOnTop = isBuy && fee.asset == instrument.quote
        let paid = isBuy ? (feeOnTop ? notional + fee.amount : notional) : bought
        let gross = isBuy ? bought : notional
        let gained = feeOnTop || isForeign ? gross : gross - fee.amount
        let paidAsset = isBuy ? instrument.quote : instrument.base
        if isForeign { accounts[order.account].add(-fee.amount, of: fee.asset) }
        var reserved = order.listID.flatMap { lists[$0]?.locked } ?? order.locked
        accounts[order.account].spend(paid, of: paidAsset, reserved: &reserved)
        if let listID = order.listID { lists[listID]?.locked = reserved } else { order.locked = reserved }
        accounts[order.account].add(gained, of: isBuy ? instrument.base : instrument.quote)
    }
}
