import Domain
import ExecutionCore
import Logging
import Store

/// What goes on while the database is away: exits only, from what is in mind or in the journal, written down before it is done.
extension SymbolDesk {
    /// Keeps the journal's picture of this market up to date.
    func rememberPosition() async {
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

    /// What is held, with its exits; nil when nothing is.
    var snapshot: ExitJournal.Snapshot? {
        guard let held, held.isOpen else { return nil }
        let exits = liveExits
        return ExitJournal.Snapshot(
            position: held.id, quantity: held.position.quantity, cost: held.position.cost, strategy: held.strategy,
            version: exitsVersion, exits: exits.map(\.order),
            atVenue: exits.filter { $0.state != .approved }.map(\.order.id),
            fired: exits.filter(\.isFired).map(\.order.id), stop: held.stop, target: held.target,
            versions: Dictionary(exits.map { ($0.order.id, $0.version) }) { first, _ in first })
    }

    /// Brings what was done without the books into them. A repeat changes nothing.
    func settleJournal() async throws {
        let (records, unreadable) = try await parts.journal.records(symbol)
        guard !records.isEmpty || unreadable > 0 else { return }
        for record in records {
            switch record {
            case .fired(let order, let partners):
                try await parts.books.fired(order, partners, window: parts.venue.validity)
            case .guarded(let snapshot): try await parts.books.guarded(snapshot)
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
        isLoaded = false
        guard !parts.books.isElsewhere else { return }
        do {
            if orders.isEmpty, held == nil { try await recall() }
            for news in work.news { try await follow(news) }
            await catchUp()
            try await lookWithoutBooks()
            try await guardWithoutBooks()
            try await fireWithoutBooks()
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
        if let known = try await parts.journal.recall(symbol) { takeUp(known) }
        for record in try await parts.journal.records(symbol).records {
            switch record {
            case .guarded(let known): takeUp(known)
            case .filled(let fill): count(fill)
            case .fired(let order, let partners):
                orders[order]?.booked.isFired = true
                _ = orders[order]?.life.handle(.claimed)
                _ = orders[order]?.life.handle(.unanswered)
                for id in partners { orders[id] = nil }
            }
        }
        guard !orders.isEmpty else { return }
        // What was sent after the snapshot rests at the venue; to sell it here as well would be twice.
        for id in orders.keys.sorted() { try await lookWithoutBooks(id) }
        await adopt(booked: [])
    }

    private func takeUp(_ known: ExitJournal.Snapshot) {
        func trigger(_ type: OrderType) -> Price? { known.exits.first { $0.type == type }?.triggerPrice }
        held = HeldPosition(
            id: known.position, account: parts.books.account,
            position: Position(symbol: symbol, quantity: known.quantity, cost: known.cost), isOpen: true,
            strategy: known.strategy, stop: known.stop ?? trigger(.stop), target: known.target ?? trigger(.takeProfit),
            openedAt: .zero, tally: .init())
        exitsVersion = known.version
        orders = [:]
        for order in known.exits {
            let isFired = known.fired?.contains(order.id) == true
            let isThere = known.atVenue.contains(order.id)
            var booked = BookedOrder(
                order: order, state: isFired ? .submitting : isThere ? .open : .approved, filled: .zero,
                position: known.position, version: known.versions?[order.id] ?? known.version)
            booked.isFired = isFired
            orders[order.id] = TrackedOrder(booked, validity: parts.venue.validity, now: .now)
        }
    }
}
