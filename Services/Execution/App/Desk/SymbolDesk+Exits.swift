import Domain
import ExecutionCore
import Logging
import Store

extension SymbolDesk {
    /// Brings the protective orders to what the position needs: withdraw, book, send.
    func tendExits() async throws {
        let change = ExitChange.decide(
            held: held, live: liveExits, leaving: isLeaving, lastVersion: exitsVersion, lot: instrument.lotSize,
            correlation: "", now: parts.board.now)
        if !change.withdraw.isEmpty { try await withdraw(change.withdraw) }
        if change.place != nil {
            guard let held, ContinuousClock.now >= nextExitAttempt else { return }
            try await parts.books.tendExits(
                symbol, lot: instrument.lotSize, now: parts.board.now, correlation: held.id)
            try await load()
        }
        try await sendExits()
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
            !isLeaving, !watchedHere.contains(first.position), ContinuousClock.now >= nextExitAttempt
        else { return }
        guard try await parts.books.claimExits(live.map(\.order.id), window: parts.venue.validity) else {
            isLoaded = false
            return
        }
        try await place(live.map(\.order.id))
    }

    /// Sends protective orders that are claimed: two as a pair.
    private func place(_ ids: [String]) async throws {
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
            try await self.request(legs)
        }
        switch outcome {
        case .success(let answers):
            for answer in answers { try await settle(answer) }
            for id in ids where orders[id]?.life.state == .submitting { try await apply(.accepted, to: id) }
        case .failure(let error): for id in ids { try await failed(id, error) }
        }
    }

    private func request(_ legs: [BookedOrder]) async throws(VenueError) -> [VenueOrder] {
        guard let stop = legs.first else { return [] }
        guard legs.count == 2, let target = legs.last else {
            return [try await parts.venue.place(stop.order, as: stop.order.type)]
        }
        let list = DerivedID.make("oco", stop.position ?? "", String(stop.version ?? 0))
        return try await parts.venue.place(stop: stop.order, target: target.order, list: list)
    }

    /// Sends a set again that is certainly not at the venue, or gives it up when it is no longer wanted.
    func resendExit(_ tracked: TrackedOrder) async throws {
        let legs = orders.values.filter {
            $0.booked.isExit && $0.booked.position == tracked.booked.position
                && $0.booked.version == tracked.booked.version
        }
        let set = legs.filter(\.isReady).map(\.id).sorted()
        // Alone, a leg would be a second order for the same quantity beside its partner, should that be there after all.
        guard !legs.contains(where: \.life.isInDoubt) else { return }
        guard held?.id == tracked.booked.position, held?.isOpen == true, !isLeaving,
            !legs.contains(where: \.isAtVenue)
        else {
            for id in set { try await apply(.withdrawn, to: id, reason: "the position changed") }
            return
        }
        guard try await parts.books.claimExits(set, window: parts.venue.validity, again: true) else {
            isLoaded = false
            return
        }
        try await place(set)
    }

    /// The venue would not take it: the next set is watched here, after a pause that grows while it goes on refusing, so that
    /// neither the venue nor the books are flooded.
    func refusedExit(_ tracked: TrackedOrder) {
        let (position, version) = (tracked.booked.position ?? "", tracked.booked.version ?? 0)
        if refused.position != position {
            refused = (position, version, 0)
        } else if version > refused.version {
            refused = (position, version, refused.again + 1)
        }
        watchedHere.insert(position)
        if watchedHere.count > 64 { watchedHere = [position] }
        nextExitAttempt = .now + .milliseconds(500) * (1 << min(refused.again, 4))
    }

    /// Sends off the exit that the prints since the last look set off, if the venue does not hold it.
    func fire(low: Price?, high: Price?) async throws {
        guard let low, let high, !isLeaving else { return }
        let exits = liveExits
        guard let due = ExitWatch.due(exits, at: low) ?? ExitWatch.due(exits, at: high) else { return }
        let partners = exits.map(\.order.id).filter { $0 != due.order.id }
        guard
            try await parts.books.claimExits([due.order.id], cancelling: partners, window: parts.venue.validity),
            let tracked = orders[due.order.id]
        else {
            isLoaded = false
            return
        }
        for id in partners where orders[id]?.life.state == .approved { orders[id] = nil }
        parts.logger.notice(
            "a protective order fires here", metadata: ["order": "\(due.order.id)", "symbol": "\(symbol)"])
        var fired = tracked.booked
        fired.order = due.order.sold(as: due.order.type, now: parts.board.now)
        fired.state = .submitting
        try await send(fired, as: .market)
    }
}
