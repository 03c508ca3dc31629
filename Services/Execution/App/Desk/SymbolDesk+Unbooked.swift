import Domain
import ExecutionCore
import Logging

/// The steps of a market while the database is away. What is bought, sold and sent is kept in mind as the books would have it,
/// and in the journal, from which they learn it later.
extension SymbolDesk {
    /// Follows what the venue tells of an order: counts what is new, and goes where its status leads.
    func follow(_ news: VenueOrder, fetching: Bool = true) async throws {
        guard let tracked = orders[news.id] else { return }
        let new = tracked.uncounted(news)
        try await parts.journal.append(new.map { .filled($0) }, symbol)
        for fill in new { count(fill) }
        let input: OrderInput = news.status.map { .reported($0, executed: news.executed) } ?? .accepted
        let action = orders[news.id]?.life.handle(input)
        if action == .fetchFills, fetching {
            let outcome = await parts.gate.call("fills") { () async throws(VenueError) in
                try await self.parts.venue.fills(of: news)
            }
            guard case .success(let fills) = outcome else { return }
            var complete = news
            complete.fills = fills
            return try await follow(complete, fetching: false)
        }
        conclude(news.id)
    }

    /// Counts a fill in order and position.
    func count(_ fill: Fill) {
        guard let order = orders[fill.orderID]?.booked.order else { return }
        _ = orders[fill.orderID]?.count(fill)
        var position = held ?? HeldPosition(account: parts.books.account, symbol: symbol)
        do throws(Position.BookingError) {
            _ = try position.book(fill, of: order, lot: instrument.lotSize)
        } catch {
            parts.logger.critical(
                "a fill makes no sense: what is held is not certain until the books are back",
                metadata: [
                    "order": "\(fill.orderID)", "symbol": "\(symbol)", "trade": "\(fill.venueTradeID)",
                    "error": "\(error)",
                ])
        }
        if position.id != held?.id { exitsVersion = 0 }
        held = position
        guardedSince = max(guardedSince ?? fill.time, fill.time)
    }

    /// Forgets an order that is over; an exit that the venue would not sell is watched here again, with its partners.
    private func conclude(_ id: String) {
        guard let tracked = orders[id], tracked.life.state.isTerminal else { return }
        guard tracked.life.state == .rejected, tracked.booked.isExit else {
            orders[id] = nil
            return
        }
        refusedExit(tracked)
        for (other, exit) in orders
        where exit.booked.isExit && exit.booked.position == tracked.booked.position
            && exit.booked.version == tracked.booked.version && exit.life.state.isTerminal
        {
            orders[other]?.takeBack()
        }
    }

    /// Makes the exits that the position needs, to be watched here. Those that the venue holds for less are taken back there.
    func guardWithoutBooks() async throws {
        guard unsellable == nil, let held else { return }
        let change = ExitChange.decide(
            held: held, live: liveExits, leaving: isLeavingVenue, lastVersion: exitsVersion, lot: instrument.lotSize,
            correlation: held.id, now: guardedSince ?? liveExits.map(\.order.decidedAt).max() ?? parts.board.now)
        for id in change.withdraw where orders[id]?.life.state == .approved { orders[id] = nil }
        guard let set = change.place else { return }
        exitsVersion = set.version
        for order in set.orders {
            orders[order.id] = TrackedOrder(
                BookedOrder(
                    order: order, state: .approved, filled: .zero, position: set.position, version: set.version),
                validity: parts.venue.validity, now: .now)
        }
        if let snapshot { try await parts.journal.append([.guarded(snapshot)], symbol) }
        parts.logger.notice(
            "what is held is guarded without the books",
            metadata: ["symbol": "\(symbol)", "position": "\(set.position)", "version": "\(set.version)"])
        for id in change.withdraw where orders[id]?.isAtVenue == true { await cancel(id) }
    }

    /// An order that closes the position may be at the venue; one that was not sent cannot be claimed now.
    private var isLeavingVenue: Bool {
        orders.values.contains { $0.booked.leaves && $0.life.state != .approved && !$0.isReady }
    }

    /// Sends off the exit that the market has set off, if the venue does not hold it.
    func fireWithoutBooks() async throws {
        guard !isLeavingVenue else { return }
        let exits = liveExits
        guard let due = ExitWatch.due(exits, touched), refusals.sells(due.position, now: .now) else { return }
        let partners = exits.map(\.order.id).filter { $0 != due.order.id }
        try await parts.journal.append([.fired(order: due.order.id, partners: partners)], symbol)
        for id in partners { _ = orders[id]?.life.handle(.withdrawn) }
        orders[due.order.id]?.booked.isFired = true
        _ = orders[due.order.id]?.life.handle(.claimed)
        try await sendWithoutBooks(due.order)
    }

    private func sendWithoutBooks(_ order: Order) async throws {
        _ = orders[order.id]?.life.handle(.sending)
        let outcome = await parts.gate.call("place") { () async throws(VenueError) in
            try await self.parts.venue.place(
                order.sold(as: order.type, now: self.parts.board.now), as: .market,
                claimed: self.parts.books.wallClock())
        }
        orders[order.id]?.windowEnd = .now + parts.venue.validity
        switch outcome {
        case .success(let answer): try await follow(answer)
        case .failure(let error):
            parts.logger.warning(
                "the venue did not take an order",
                metadata: ["order": "\(order.id)", "symbol": "\(symbol)", "error": "\(error)"])
            switch error.kind {
            case .inDoubt: _ = orders[order.id]?.life.handle(.unanswered)
            case .notSent, .limited:
                orders[order.id]?.nextSend = .now + max(error.retryAfter, .milliseconds(250))
                _ = orders[order.id]?.life.handle(.notSent)
            case .refused, .unknown:
                _ = orders[order.id]?.life.handle(.refused)
                conclude(order.id)
            }
        }
    }

    /// Asks for what was sent, and sends again what fired and is certainly not there. Entries and pairs are not sent: those
    /// wait for the books, and an exit of a pair is watched here meanwhile.
    func lookWithoutBooks() async throws {
        let now = ContinuousClock.now
        for id in orders.keys.sorted() {
            guard let tracked = orders[id] else { continue }
            if tracked.isReady, tracked.booked.isExit {
                guard tracked.booked.isFired else {
                    orders[id]?.takeBack()
                    continue
                }
                if tracked.nextSend <= now { try await sendWithoutBooks(tracked.booked.order) }
            } else if tracked.nextLook <= now, tracked.life.state != .approved, !tracked.isReady {
                try await lookWithoutBooks(id)
            }
        }
    }

    func lookWithoutBooks(_ id: String) async throws {
        let outcome = await parts.gate.call("query") { () async throws(VenueError) in
            try await self.parts.venue.find(id, self.symbol)
        }
        guard let tracked = orders[id] else { return }
        if tracked.isAtVenue {
            orders[id]?.nextLook = .now + .seconds(2)
        } else {
            orders[id]?.postpone(by: .milliseconds(250), upTo: .seconds(2), now: .now)
        }
        guard case .success(let found) = outcome else { return }
        if let found {
            try await follow(found)
            // It guards less than is held, and the newer set waits for its end.
            if let exit = orders[id]?.liveExit, orders[id]?.isAtVenue == true, !exit.isFired,
                exit.version < exitsVersion
            {
                await cancel(id)
            }
            return
        }
        guard !tracked.isAtVenue else { return }
        if !tracked.life.isInDoubt { _ = orders[id]?.life.handle(.unanswered) }
        _ = orders[id]?.life.handle(.unknown(windowIsOver: tracked.windowEnd <= .now))
    }
}
