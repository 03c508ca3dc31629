import Domain
import ExecutionCore
import Store

extension SymbolDesk {
    /// Asks for every order that may be at the venue.
    ///
    /// - Parameter andWatched: for exits that by the rows were never sent, too: whoever had the account before may have fired
    ///   one without the books.
    func lookAll(andWatched: Bool) async throws {
        for id in orders.keys.sorted() {
            guard let tracked = orders[id], tracked.life.state != .approved || (andWatched && tracked.booked.isExit)
            else { continue }
            try await look(id)
        }
    }

    /// Asks for those whose time has come.
    func lookDue() async throws {
        let now = ContinuousClock.now
        for id in orders.keys.sorted() {
            guard let tracked = orders[id], tracked.nextLook <= now, tracked.life.state != .approved, !tracked.isReady
            else { continue }
            try await look(id)
        }
    }

    /// Asks the venue for one order and follows what it says.
    func look(_ id: String) async throws {
        let outcome = await parts.gate.call("query") { () async throws(VenueError) in
            try await self.parts.venue.find(id, self.symbol)
        }
        switch outcome {
        case .success(.some(let found)):
            orders[id]?.looks = 0
            try await settle(found)
            schedule(id)
        case .success(.none):
            guard try await fetchForgotten(id) else {
                orders[id]?.postpone(by: .milliseconds(250), upTo: .seconds(5), now: .now)
                return
            }
            let isOver = (orders[id]?.windowEnd ?? .now) <= .now
            try await apply(.unknown(windowIsOver: isOver), to: id, reason: "the venue does not know it")
            schedule(id)
        case .failure: orders[id]?.postpone(by: .milliseconds(250), upTo: .seconds(5), now: .now)
        }
    }

    /// Books what an order that the venue no longer knows has filled there: a venue may forget what is over.
    ///
    /// False when the venue did not answer: then nothing may be concluded from its not knowing the order.
    private func fetchForgotten(_ id: String) async throws -> Bool {
        guard let tracked = orders[id], tracked.isAtVenue, let number = tracked.booked.venueID else { return true }
        var forgotten = VenueOrder(
            id: id, symbol: symbol, venueID: number, status: nil, executed: tracked.life.filled)
        let asked = forgotten
        let outcome = await parts.gate.call("fills") { () async throws(VenueError) in
            try await self.parts.venue.fills(of: asked)
        }
        switch outcome {
        case .success(let fills):
            forgotten.fills = fills
            if !fills.isEmpty { try await book(fills, of: forgotten) }
            return true
        case .failure(let error): return error.kind == .unknown || error.kind == .refused
        }
    }

    /// What rests is reported by the venue; asking is for what got lost. What is in doubt is asked for soon.
    private func schedule(_ id: String) {
        guard let tracked = orders[id] else { return }
        if tracked.life.isInDoubt || tracked.looks > 0 {
            orders[id]?.postpone(by: .milliseconds(100), upTo: .seconds(2), now: .now)
        } else {
            orders[id]?.nextLook = .now + (parts.gate.isStreaming ? parts.pollInterval : .seconds(2))
        }
    }

    /// Takes entries back while no new risk may be taken; after a resume they stay.
    func enforceControl() async throws {
        guard let trading = try await parts.books.trading(), trading != .running else { return }
        for tracked in orders.values.filter({ $0.booked.order.purpose == .entry }).sorted(by: { $0.id < $1.id }) {
            guard tracked.isAtVenue || tracked.isReady else { continue }
            try await apply(.withdrawn, to: tracked.id, reason: "trading is \(trading.rawValue)")
            if orders[tracked.id] != nil { try await look(tracked.id) }
        }
    }
}
