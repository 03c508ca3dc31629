package import Domain

/// The paper venue's market in one symbol: orders in, prints in, fills out. No clock, no randomness.
///
/// A market order decided at T is at the venue at T + latency and fills at the first print from then on, at its price
/// and slippage. Stops and targets fire on the print that reaches them. A limit order takes what the first print
/// offers, and afterwards fills at its limit when a print goes through it. Orders fill whole. An order that comes late
/// in real time is matched against the kept prints, so that it meets the print it would have met.
///
/// Fills of the same orders and prints are the same bytes: the trade id is the order's id and a number.
package struct PaperBook: Sendable {
    package let instrument: Instrument
    package let costs: PaperCosts

    struct Resting: Sendable {
        let order: Order
        /// Exchange time from which it is at the venue.
        let effective: Timestamp
        /// The other leg of its pair.
        let partner: String?
        /// It has seen a print: a limit order rests from then on.
        var hasArrived = false
    }

    private var resting: [Resting] = []
    private var kept: TickBuffer
    private var over = RecentOrders()
    /// Nothing happens before this time, or while the price is strictly between these two.
    package var wake = Timestamp(nanoseconds: .max)
    @usableFromInline var low = Price(raw: .min)
    @usableFromInline var high = Price(raw: .max)
    @usableFromInline var newest = Tick(id: .min, price: .zero, time: Timestamp(nanoseconds: .min))

    /// - Parameter keptPrints: how many prints a late order can look back on; 0 where orders are never late.
    package init(instrument: Instrument, costs: PaperCosts, keptPrints: Int = 0) {
        self.instrument = instrument
        self.costs = costs
        self.kept = TickBuffer(capacity: keptPrints)
    }

    /// The newest print; its price is zero before the first.
    @inlinable package var last: Tick { newest }

    /// The orders that are not over, in the order of their arrival.
    package var open: [Order] { resting.map(\.order) }

    /// Takes a print in. One that is not newer than the last, by time and id, is a repeat and changes nothing.
    @inlinable
    package mutating func handle(_ tick: Tick) -> [PaperReport] {
        guard tick.time > newest.time || (tick.time == newest.time && tick.id > newest.id) else { return [] }
        newest = tick
        keep(tick)
        guard tick.time >= wake || tick.price <= low || tick.price >= high else { return [] }
        return match(tick)
    }

    /// Takes in prints that were missed when they happened, oldest first: an order that rested at the time and rests still meets
    /// them now. One that was taken in before changes nothing.
    package mutating func makeUp(for ticks: [Tick]) -> [PaperReport] {
        ticks.flatMap { tick in
            let isNew = tick.time > newest.time || (tick.time == newest.time && tick.id > newest.id)
            return isNew ? handle(tick) : match(tick)
        }
    }

    /// Takes an order; one that is known already, open or over, changes nothing.
    package mutating func place(_ order: Order) -> [PaperReport] { place([order]) }

    /// Takes a pair of which the first to fill cancels the other.
    package mutating func place(stop: Order, target: Order) -> [PaperReport] { place([stop, target]) }

    /// Takes an order back, and its partner with it.
    ///
    /// - Returns: the ids that were open and are cancelled now.
    package mutating func cancel(_ id: String) -> [String] {
        guard let found = resting.first(where: { $0.order.id == id }) else { return [] }
        let ids = [id] + (found.partner.map { [$0] } ?? [])
        for id in ids { remove(id, .cancelled) }
        tighten()
        return ids
    }

    /// Where an order is; nil when it never came, or was over too long ago.
    package func status(of id: String) -> VenueStatus? {
        resting.contains { $0.order.id == id } ? .resting : over.status(of: id)
    }
}

extension PaperBook {
    @usableFromInline
    mutating func keep(_ tick: Tick) { kept.append(tick) }

    private mutating func place(_ orders: [Order]) -> [PaperReport] {
        guard orders.allSatisfy({ status(of: $0.id) == nil }) else { return [] }
        for order in orders {
            let partner = orders.first { $0.id != order.id }?.id
            resting.append(
                Resting(order: order, effective: order.decidedAt + costs.latency, partner: partner))
        }
        let ids = orders.map(\.id)
        let effective = orders.map { $0.decidedAt + costs.latency }.min() ?? .zero
        let prints = kept
        let reports = prints.first(since: effective) { tick -> [PaperReport]? in
            let reports = match(tick, only: ids)
            return reports.isEmpty ? nil : reports
        }
        tighten()
        return reports ?? []
    }

    /// Lets a print meet the orders in their sequence.
    @usableFromInline
    mutating func match(_ tick: Tick) -> [PaperReport] {
        let reports = match(tick, only: nil)
        tighten()
        return reports
    }

    private mutating func match(_ tick: Tick, only ids: [String]?) -> [PaperReport] {
        var reports: [PaperReport] = []
        var index = 0
        while index < resting.count {
            let one = resting[index]
            guard tick.time >= one.effective, ids?.contains(one.order.id) ?? true else {
                index += 1
                continue
            }
            guard let (price, isMaker) = execution(of: one, at: tick.price) else {
                resting[index].hasArrived = true
                index += 1
                continue
            }
            reports.append(.filled(fill(one.order, at: price, isMaker: isMaker, time: tick.time)))
            remove(one.order.id, .filled)
            if let partner = one.partner {
                if let position = resting.firstIndex(where: { $0.order.id == partner }), position < index { index -= 1 }
                remove(partner, .cancelled)
                reports.append(.cancelled(orderID: partner))
            }
        }
        return reports
    }

    /// The price an order fills at on a print, or nil.
    private func execution(of one: Resting, at price: Price) -> (Price, isMaker: Bool)? {
        let order = one.order
        switch order.type {
        case .market: return (slipped(price, order.side), false)
        case .stop, .takeProfit: return ExitWatch.fires(order, at: price) ? (slipped(price, order.side), false) : nil
        case .limit:
            guard let limit = order.limitPrice else { return nil }
            let taken = slipped(price, order.side)
            if !one.hasArrived, order.side == .buy ? taken <= limit : taken >= limit { return (taken, false) }
            return (order.side == .buy ? price < limit : price > limit) ? (limit, true) : nil
        }
    }

    /// Against us, onto the tick.
    private func slipped(_ price: Price, _ side: Side) -> Price {
        let part = price.times(costs.slippage, .awayFromZero)
        switch side {
        case .buy:
            let (sum, overflowed) = price.raw.addingReportingOverflow(part.raw)
            return Price(raw: overflowed ? .max : sum).rounded(to: instrument.tickSize, .awayFromZero)
        case .sell: return max((price - part).rounded(to: instrument.tickSize, .towardZero), instrument.tickSize)
        }
    }

    private func fill(_ order: Order, at price: Price, isMaker: Bool, time: Timestamp) -> Fill {
        Fill(
            venueTradeID: "\(order.id)/1", orderID: order.id, account: order.account, symbol: order.symbol,
            side: order.side, price: price, quantity: order.quantity,
            fee: price.times(order.quantity).times(costs.fee), isMaker: isMaker, time: time)
    }

    private mutating func remove(_ id: String, _ status: VenueStatus) {
        guard let index = resting.firstIndex(where: { $0.order.id == id }) else { return }
        resting.remove(at: index)
        over.add(id, status)
    }

    /// Works out when the next print can matter.
    private mutating func tighten() {
        wake = Timestamp(nanoseconds: .max)
        low = Price(raw: .min)
        high = Price(raw: .max)
        for one in resting {
            switch (one.order.type, one.order.side) {
            case (.market, _): wake = min(wake, one.effective)
            case (.stop, .sell), (.takeProfit, .buy): low = max(low, one.order.triggerPrice ?? low)
            case (.takeProfit, .sell), (.stop, .buy): high = min(high, one.order.triggerPrice ?? high)
            case (.limit, let side):
                if !one.hasArrived { wake = min(wake, one.effective) }
                if side == .buy { low = max(low, one.order.limitPrice ?? low) }
                if side == .sell { high = min(high, one.order.limitPrice ?? high) }
            }
        }
    }
}
