import Domain
import ExecutionCore
import Logging
import Store

extension SymbolDesk {
    /// Claims and sends the orders somebody rang for, exits before entries.
    func claimWaiting() async throws {
        guard !waiting.isEmpty else { return }
        let ids = waiting
        waiting = []
        for id in ids where !(orders[id]?.isAtVenue ?? false) {
            if try await !claim(id) { waiting.append(id) }
        }
    }

    /// Claims one order and sends it. False when it has to wait.
    private func claim(_ id: String, again: Bool = false) async throws -> Bool {
        let claimed = parts.books.wallClock()
        switch try await parts.books.claim(id, of: symbol, terms, again: again) {
        case .gone:
            if again { isLoaded = false }
            return true
        case .ended(let booked):
            orders[id] = nil
            parts.metrics.order(booked.state)
            parts.logger.notice(
                "order ended unsent",
                metadata: [
                    "order": "\(id)", "state": "\(booked.state.rawValue)", "symbol": "\(symbol)",
                    "correlation": "\(booked.order.correlation)",
                ])
            return true
        case .later: return false
        case .blocked:
            try await clearExits()
            if orders[id] == nil { try await load() }
            return false
        case .send(let booked):
            parts.metrics.order(.submitting)
            try await send(booked, claimed: claimed)
            return true
        }
    }

    private var terms: AccountBooks.ClaimTerms {
        let market = parts.board.market(symbol)
        let instrument = instrument
        let checks = parts.checks
        let heldQuantity = held?.position.quantity ?? .zero
        let price = freshPrice
        return AccountBooks.ClaimTerms(
            now: parts.board.now, window: parts.venue.validity, lot: instrument.lotSize,
            holdsEntries: !parts.gate.takesEntries,
            tooSmall: { quantity in price.flatMap { Sellability.obstacle(quantity, at: $0, instrument) } },
            check: { order in
                do throws(OrderGuard.Refusal) {
                    try checks.check(order, instrument: instrument, market: market, held: heldQuantity)
                    return nil
                } catch { return error }
            })
    }

    /// Sends an order that is claimed; a protective one that was fired as a market order.
    func send(_ booked: BookedOrder, claimed: Timestamp) async throws {
        let type = booked.isFired ? .market : booked.order.type
        // A protective order was decided on when its position opened; it sells by the market of now.
        let order = booked.isFired ? booked.order.sold(as: booked.order.type, now: parts.board.now) : booked.order
        var tracked = TrackedOrder(booked, validity: parts.venue.validity, now: .now)
        tracked.beginSending()
        orders[booked.order.id] = tracked
        let outcome = await parts.gate.call("place") { () async throws(VenueError) in
            try await self.parts.venue.place(order, as: type, claimed: claimed)
        }
        switch outcome {
        case .success(let answer):
            parts.metrics.sent(after: parts.board.now - order.decidedAt)
            try await settle(answer)
        case .failure(let error): try await failed(booked.order.id, error)
        }
    }

    /// Draws the consequence of a request that failed.
    func failed(_ id: String, _ error: VenueError) async throws {
        parts.logger.warning(
            "the venue did not take an order",
            metadata: [
                "order": "\(id)", "symbol": "\(symbol)", "error": "\(error)",
                "correlation": "\(orders[id]?.booked.order.correlation ?? "")",
            ])
        switch error.kind {
        case .refused, .unknown: try await apply(.refused, to: id, reason: error.message)
        case .inDoubt:
            orders[id]?.windowEnd = .now + parts.venue.validity
            orders[id]?.looks = 0
            try await apply(.unanswered, to: id)
        case .notSent, .limited:
            orders[id]?.nextSend = .now + max(error.retryAfter, .milliseconds(250))
            try await apply(.notSent, to: id)
        }
    }

    /// Sends again what was claimed and is certainly not at the venue, once its pause is over.
    func sendReady() async throws {
        let now = ContinuousClock.now
        for tracked in orders.values.filter({ $0.isReady && $0.nextSend <= now }).sorted(by: { $0.id < $1.id }) {
            guard orders[tracked.id]?.isReady == true else { continue }
            if tracked.booked.isExit {
                try await resendExit(tracked)
            } else {
                _ = try await claim(tracked.id, again: true)
            }
        }
    }

    /// Takes in what the venue told of an order.
    func take(_ news: VenueOrder) async throws {
        guard orders[news.id] != nil || Reconciliation.stranger(clientID: news.id) == .cancelLoudly else { return }
        try await settle(news)
    }

    /// Books what an answer or a report brings, then follows its status.
    func settle(_ answer: VenueOrder, fetching: Bool = true) async throws {
        if !answer.fills.isEmpty { try await book(answer.fills, of: answer) }
        guard orders[answer.id] != nil else { return }
        let input: OrderInput = answer.status.map { .reported($0, executed: answer.executed) } ?? .accepted
        let action = try await apply(input, to: answer.id, venueID: answer.venueID)
        guard action == .fetchFills, fetching else { return }
        let outcome = await parts.gate.call("fills") { () async throws(VenueError) in
            try await self.parts.venue.fills(of: answer)
        }
        switch outcome {
        case .success(let fills):
            var complete = answer
            complete.fills = fills
            try await settle(complete, fetching: false)
        case .failure: orders[answer.id]?.nextLook = .now + .milliseconds(250)
        }
    }

    /// Books fills that are new, and takes up what they changed.
    func book(_ fills: [Fill], of answer: VenueOrder) async throws {
        let booked = try await bookOrSetAside(fills, of: answer.id, venueID: answer.venueID)
        guard let booked, !booked.fills.isEmpty else { return }
        for fill in booked.fills { parts.metrics.fill(fill) }
        parts.metrics.order(booked.order.state)
        for fill in booked.fills {
            parts.logger.info(
                "fill booked",
                metadata: [
                    "order": "\(answer.id)", "symbol": "\(symbol)", "side": "\(fill.side.rawValue)",
                    "price": "\(fill.price)", "quantity": "\(fill.quantity)",
                    "correlation": "\(booked.order.order.correlation)",
                ])
        }
        try await load()
        // Before anything else is asked of the venue: should the books go away now, this is what protects it.
        await rememberPosition()
    }

    /// Takes an input in, stores the state it leads to, and does what little can be done at once.
    @discardableResult
    func apply(
        _ input: OrderInput, to id: String, venueID: String? = nil, reason: String = ""
    ) async throws -> OrderAction {
        guard var tracked = orders[id] else { return .none }
        let before = tracked.life.state
        let action = tracked.life.handle(input)
        if let venueID { tracked.booked.venueID = venueID }
        orders[id] = tracked
        let state = tracked.life.state
        if state != before {
            try await parts.books.progress(id, to: state, venueID: venueID, reason: reason)
            parts.metrics.order(state)
            orders[id]?.booked.state = state
            parts.logger.info(
                "order",
                metadata: [
                    "order": "\(id)", "symbol": "\(symbol)", "state": "\(state.rawValue)", "reason": "\(reason)",
                    "correlation": "\(tracked.booked.order.correlation)",
                ])
        }
        if state.isTerminal {
            orders[id] = nil
            if state == .rejected, tracked.booked.isExit { refusedExit(tracked) }
        }
        await follow(action, id)
        return action
    }

    private func follow(_ action: OrderAction, _ id: String) async {
        switch action {
        case .query: orders[id]?.postpone(by: .milliseconds(100), upTo: .seconds(2), now: .now)
        case .cancel: await cancel(id)
        case .alarm(let alarm):
            parts.metrics.alarm(alarm)
            parts.logger.critical(
                "an order did what it should not", metadata: ["order": "\(id)", "alarm": "\(alarm.rawValue)"])
        case .none, .send, .fetchFills: break
        }
    }

    /// Asks the venue to take an order back; whether it did is looked up.
    func cancel(_ id: String) async {
        let outcome = await parts.gate.call("cancel") { () async throws(VenueError) in
            try await self.parts.venue.cancel(id, self.symbol)
        }
        if case .failure(let error) = outcome, error.kind != .unknown {
            parts.logger.warning("cancelling failed", metadata: ["order": "\(id)", "error": "\(error)"])
        }
        orders[id]?.nextLook = .now
    }
}
