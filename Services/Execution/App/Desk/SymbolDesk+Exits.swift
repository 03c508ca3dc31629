import Domain
import ExecutionCore
import Logging
import Store

extension SymbolDesk {
    /// Brings the protective orders to what the position needs: withdraw, book, send.
    func tendExits() async throws {
        try await judgeSize()
        let change = ExitChange.decide(
            held: unsellable == nil ? held : nil, live: liveExits, leaving: isLeaving, lastVersion: exitsVersion,
            lot: instrument.lotSize, correlation: "", now: parts.board.now)
        if !change.withdraw.isEmpty { try await withdraw(change.withdraw) }
        if change.place != nil { try await bookExits() }
        try await sendExits()
    }

    /// Books the set that the position needs. It stands from the last fill on: what was printed since counts.
    private func bookExits() async throws {
        guard let held else { return }
        try await parts.books.tendExits(symbol, lot: instrument.lotSize, now: parts.board.now, correlation: held.id)
        try await load()
    }

    /// Notes when what is held cannot be sold, and when it can again. What the venue holds exits for is not looked at: it took them.
    private func judgeSize() async throws {
        guard let held, held.isOpen, !isLeaving, let price = freshPrice,
            liveExits.allSatisfy({ $0.state == .approved })
        else { return }
        let obstacle = Sellability.obstacle(
            held.position.quantity, at: price, instrument, wasTooSmall: unsellable != nil)
        guard (obstacle == nil) != (unsellable == nil) else { return }
        try await parts.books.mark(symbol, unsellable: obstacle)
        unsellable = obstacle?.description
        parts.logger.notice(
            obstacle == nil ? "what is held can be sold again" : "what is held is too small to be sold",
            metadata: ["symbol": "\(symbol)", "reason": "\(unsellable ?? "")"])
    }

    /// The last price, if it is not too old to decide anything by.
    var freshPrice: Price? {
        let market = parts.board.market(symbol)
        return market.age <= parts.checks.staleAfter ? market.lastPrice : nil
    }

    private func withdraw(_ ids: [String]) async throws {
        let unsent = ids.filter { orders[$0]?.life.state == .approved }
        if !unsent.isEmpty {
            try await parts.books.withdraw(unsent, reason: "the position changed")
            for id in unsent { orders[id] = nil }
        }
        for id in ids where orders[id]?.isAtVenue == true {
            await cancel(id)
            for sibling in ids where orders[sibling] != nil { try await look(sibling) }
        }
    }

    /// Takes all protective orders back, before an order that closes the position is sent.
    func clearExits() async throws { try await withdraw(liveExits.map(\.order.id)) }

    /// Sends the newest set to the venue, once nothing else that sells is there.
    private func sendExits() async throws {
        let live = liveExits
        guard let first = live.first, live.allSatisfy({ $0.state == .approved && $0.version == first.version }),
            !isLeaving, refusals.offers(first.position, at: freshPrice, now: .now)
        else { return }
        let claimed = parts.books.wallClock()
        guard try await parts.books.claimExits(live.map(\.order.id), window: parts.venue.validity) else {
            isLoaded = false
            return
        }
        try await place(live.map(\.order.id), claimed: claimed)
        // One that was refused is watched here, from now on.
        if liveExits.isEmpty, needsExits, !isLeaving { try await bookExits() }
    }

    /// Sends protective orders that are claimed: two as a pair.
    private func place(_ ids: [String], claimed: Timestamp) async throws {
        for id in ids {
            guard var tracked = orders[id] else { continue }
            tracked.beginSending()
            orders[id] = tracked
            parts.metrics.order(.submitting)
        }
        let legs = ids.compactMap { orders[$0]?.booked }.sorted {
            ($0.order.type == .stop ? 0 : 1) < ($1.order.type == .stop ? 0 : 1)
        }
        let outcome = await parts.gate.call("place_exits") { () async throws(VenueError) in
            try await self.request(legs, claimed)
        }
        switch outcome {
        case .success(let answers):
            if let position = legs.first?.position { refusals.accepted(position) }
            for answer in answers { try await settle(answer) }
            for id in ids where orders[id]?.life.state == .submitting { try await apply(.accepted, to: id) }
        case .failure(let error): for id in ids { try await failed(id, error) }
        }
    }

    private func request(_ legs: [BookedOrder], _ claimed: Timestamp) async throws(VenueError) -> [VenueOrder] {
        guard let stop = legs.first else { return [] }
        guard legs.count == 2, let target = legs.last else {
            return [try await parts.venue.place(stop.order, as: stop.order.type, claimed: claimed)]
        }
        let list = DerivedID.make("oco", stop.position ?? "", String(stop.version ?? 0))
        return try await parts.venue.place(stop: stop.order, target: target.order, list: list, claimed: claimed)
    }

    /// Sends a set again that is certainly not at the venue, or gives it up when it is no longer wanted.
    func resendExit(_ tracked: TrackedOrder) async throws {
        let legs = orders.values.filter {
            $0.booked.isExit && $0.booked.position == tracked.booked.position
                && $0.booked.version == tracked.booked.version
        }
        let set = legs.filter(\.isReady).map(\.id).sorted()
        // Alone, a leg would be a second order for the same quantity beside its partner, should that be there after all; an
        // older set would be one beside the newest.
        guard !orders.values.contains(where: { $0.booked.isExit && $0.life.isInDoubt }) else { return }
        guard tracked.booked.version == liveExits.map(\.version).max(), held?.id == tracked.booked.position,
            held?.isOpen == true, !isLeaving,
            !legs.contains(where: \.isAtVenue)
        else {
            for id in set { try await apply(.withdrawn, to: id, reason: "the position changed") }
            return
        }
        let claimed = parts.books.wallClock()
        guard try await parts.books.claimExits(set, window: parts.venue.validity, again: true) else {
            isLoaded = false
            return
        }
        if tracked.booked.isFired {
            try await send(tracked.booked, claimed: claimed)
        } else {
            try await place(set, claimed: claimed)
        }
    }

    /// The venue would not take it: the next set is watched here, and offered again later. A sale that it refuses is tried again
    /// after a pause that grows, so that neither the venue nor the books are flooded.
    func refusedExit(_ tracked: TrackedOrder) {
        guard let position = tracked.booked.position else { return }
        if tracked.booked.isFired {
            refusals.refusedToSell(position, now: .now)
        } else {
            refusals.refusedToHold(
                position, version: tracked.booked.version ?? 0, at: freshPrice, now: .now)
        }
    }

    /// Sends off the exit that the market has set off since it stands, if the venue does not hold it.
    func fire() async throws {
        guard !isLeaving, unsellable == nil else { return }
        let exits = liveExits
        guard let due = ExitWatch.due(exits, touched), refusals.sells(due.position, now: .now) else { return }
        let partners = exits.map(\.order.id).filter { $0 != due.order.id }
        let claimed = parts.books.wallClock()
        guard
            try await parts.books.claimExits([due.order.id], firing: partners, window: parts.venue.validity),
            let tracked = orders[due.order.id]
        else {
            isLoaded = false
            return
        }
        for id in partners where orders[id]?.life.state == .approved { orders[id] = nil }
        parts.logger.notice(
            "a protective order fires here", metadata: ["order": "\(due.order.id)", "symbol": "\(symbol)"])
        var fired = tracked.booked
        fired.isFired = true
        try await send(fired, claimed: claimed)
    }
}
