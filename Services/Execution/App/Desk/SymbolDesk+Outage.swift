import Domain
import ExecutionCore
import Logging
import Store

/// What goes on while the database is away: exits only, from what is in mind or in the journal, written down before it is done.
extension SymbolDesk {
    /// Keeps the journal's picture of this market up to date.
    func rememberPosition() async {
        let exits = liveExits
        let snapshot = held.flatMap { held -> ExitJournal.Snapshot? in
            guard held.isOpen else { return nil }
            return ExitJournal.Snapshot(
                position: held.id, quantity: held.position.quantity, cost: held.position.cost, strategy: held.strategy,
                version: exitsVersion, exits: exits.map(\.order),
                atVenue: exits.filter { $0.state != .approved }.map(\.order.id))
        }
        do {
            try await parts.journal.remember(symbol, snapshot)
            parts.metrics.journal(symbol, works: true)
        } catch {
            // The books have it: what is lost is the protection while they are away.
            parts.metrics.journal(symbol, works: false)
            parts.logger.critical(
                "the exit journal cannot be written", metadata: ["symbol": "\(symbol)", "error": "\(error)"])
        }
    }

    /// Brings what was done without the books into them. A repeat changes nothing.
    func settleJournal() async throws {
        let (records, unreadable) = try await parts.journal.records(symbol)
        guard !records.isEmpty || unreadable > 0 else { return }
        for record in records {
            switch record {
            case .fired(let order, let partners):
                _ = try await parts.books.claimExits([order], firing: partners, window: parts.venue.validity)
            case .filled(let fill): _ = try await bookOrSetAside([fill], of: fill.orderID, venueID: nil)
            }
        }
        parts.logger.notice(
            "what was done without the books is in them",
            metadata: ["symbol": "\(symbol)", "records": "\(records.count)"])
        if unreadable > 0 {
            parts.logger.critical(
                "lines of the exit journal cannot be read: the file is kept, and the venue is asked what was done",
                metadata: ["symbol": "\(symbol)", "lines": "\(unreadable)"])
        }
        try await parts.journal.clear(symbol, keeping: unreadable > 0)
    }

    /// Guards the position while the books are away.
    func protectWithoutBooks(_ work: DeskInbox.Work) async {
        do {
            if orders.isEmpty, held == nil { try await recall() }
            try await keepFills(work.news)
            await catchUp()
            try await fireWithoutBooks()
            try await lookWithoutBooks()
            parts.metrics.journal(symbol, works: true)
        } catch {
            parts.metrics.journal(symbol, works: false)
            parts.logger.critical(
                "a position cannot be protected without the books",
                metadata: ["symbol": "\(symbol)", "error": "\(error)"])
        }
        watch()
    }

    /// Takes position and exits up from the journal, after a start without the books.
    private func recall() async throws {
        guard let known = try await parts.journal.recall(symbol) else { return }
        for order in known.exits {
            let booked = BookedOrder(
                order: order, state: known.atVenue.contains(order.id) ? .open : .approved, filled: .zero,
                position: known.position, version: known.version)
            orders[order.id] = TrackedOrder(booked, validity: parts.venue.validity, now: .now)
        }
        // What was sent after the snapshot rests at the venue; to sell it here as well would be twice.
        for id in orders.keys.sorted() {
            let outcome = await parts.gate.call("query") { () async throws(VenueError) in
                try await self.parts.venue.find(id, self.symbol)
            }
            guard case .success(.some(let found)) = outcome else { continue }
            _ = orders[id]?.life.handle(found.status.map { .reported($0, executed: found.executed) } ?? .accepted)
        }
        await adopt(booked: [])
    }

    private func keepFills(_ news: [VenueOrder]) async throws {
        for order in news where orders[order.id] != nil {
            try await parts.journal.append(order.fills.map { .filled($0) }, symbol)
            for fill in order.fills { _ = orders[order.id]?.life.handle(.filled(fill.quantity)) }
            guard order.fills.isEmpty, let status = order.status else { continue }
            _ = orders[order.id]?.life.handle(.reported(status, executed: order.executed))
        }
    }

    private func fireWithoutBooks() async throws {
        guard !isLeaving else { return }
        let exits = liveExits.filter { orders[$0.order.id]?.life.state.isTerminal == false }
        guard let due = ExitWatch.due(exits, touched) else { return }
        let partners = exits.map(\.order.id).filter { $0 != due.order.id }
        try await parts.journal.append([.fired(order: due.order.id, partners: partners)], symbol)
        for id in partners { _ = orders[id]?.life.handle(.withdrawn) }
        _ = orders[due.order.id]?.life.handle(.claimed)
        try await sendWithoutBooks(due.order)
    }

    private func sendWithoutBooks(_ order: Order) async throws {
        _ = orders[order.id]?.life.handle(.sending)
        let outcome = await parts.gate.call("place") { () async throws(VenueError) in
            try await self.parts.venue.place(order.sold(as: order.type, now: self.parts.board.now), as: .market)
        }
        switch outcome {
        case .success(let answer):
            _ = orders[order.id]?.life.handle(.accepted)
            await keep(answer)
        case .failure(let error):
            orders[order.id]?.windowEnd = .now + parts.venue.validity
            switch error.kind {
            case .inDoubt: _ = orders[order.id]?.life.handle(.unanswered)
            case .notSent, .limited: _ = orders[order.id]?.life.handle(.notSent)
            case .refused, .unknown: _ = orders[order.id]?.life.handle(.refused)
            }
        }
    }

    private func keep(_ answer: VenueOrder) async {
        do { try await keepFills([answer]) } catch {
            parts.logger.error("a fill could not be written down", metadata: ["error": "\(error)"])
        }
    }

    /// Follows what was fired, as far as that goes without the books.
    private func lookWithoutBooks() async throws {
        let now = ContinuousClock.now
        for tracked in orders.values.sorted(by: { $0.id < $1.id })
        where tracked.booked.isExit && tracked.nextLook <= now {
            if tracked.isReady { try await sendWithoutBooks(tracked.booked.order) }
            guard tracked.life.isInDoubt else { continue }
            orders[tracked.id]?.postpone(by: .milliseconds(250), upTo: .seconds(2), now: now)
            let outcome = await parts.gate.call("query") { () async throws(VenueError) in
                try await self.parts.venue.find(tracked.id, self.symbol)
            }
            guard case .success(let found) = outcome else { continue }
            if let found {
                await keep(found)
            } else {
                _ = orders[tracked.id]?.life.handle(.unknown(windowIsOver: tracked.windowEnd <= now))
            }
        }
    }
}
