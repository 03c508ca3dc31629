import Domain
import ExecutionCore
import TestKit
import Testing

/// A position, its exits and a venue that fills them in any parts: what execution's books do, without IO.
private struct Desk {
    var held = HeldPosition(account: "main", symbol: Make.btc)
    var live: [LiveExit] = []
    var version: Int64 = 0
    var ledger = Ledger()
    var trips: [HeldPosition.RoundTrip] = []
    private var trades = 0

    mutating func book(_ quantity: Quantity, of order: Order, at price: Price, feeInBase: Quantity = .zero) throws {
        trades += 1
        let fill = Make.fill("t\(trades)", of: order, quantity, at: price, feeInBase: feeInBase)
        try ledger.book(fill)
        let effect = try held.book(fill, of: order, lot: Make.instrument.lotSize)
        if let closed = effect.closed { trips.append(closed) }
        live = live.compactMap { exit in
            guard exit.order.id == order.id else { return exit }
            let filled = exit.filled + quantity
            return filled == exit.order.quantity
                ? nil
                : LiveExit(
                    order: exit.order, position: exit.position, version: exit.version, state: .partiallyFilled,
                    filled: filled)
        }
        settle()
    }

    mutating func settle(leaving: Bool = false) {
        let change = ExitChange.decide(
            held: held, live: live, leaving: leaving, lastVersion: version, lot: Make.instrument.lotSize,
            correlation: "sig-1", now: .zero)
        live.removeAll { change.withdraw.contains($0.order.id) }
        guard let set = change.place else { return }
        version = set.version
        live += set.orders.map {
            LiveExit(order: $0, position: set.position, version: set.version, state: .open, filled: .zero)
        }
    }

    /// What each live exit would sell.
    var guarded: Set<Quantity> { Set(live.map(\.remaining)) }
}

@Suite("Exit sets")
struct ExitSetTests {
    @Test("the stop's quantity is the position's after any sequence of partial fills")
    func quantityFollows() throws {
        for seed in UInt64(1)...300 {
            var random = SeededRandom(seed: seed)
            var desk = Desk()
            for step in 0..<40 {
                let sellable = desk.held.position.quantity.roundedDown(to: Make.instrument.lotSize)
                let sells = desk.held.isOpen && Bool.random(using: &random)
                if sells, let exit = desk.live.randomElement(using: &random) {
                    let lots = exit.remaining.raw / 1000
                    let part = Quantity(raw: Int64.random(in: 1...lots, using: &random) * 1000)
                    try desk.book(part, of: exit.order, at: Make.price(Int64.random(in: 90...110, using: &random)))
                } else {
                    let part = Quantity(raw: Int64.random(in: 1...400, using: &random) * 1000)
                    let entry = Make.order("ord-\(seed)-\(step)", stop: Make.price(90), target: Make.price(120))
                    let fee = Bool.random(using: &random) ? part.times(Ratio(1, over: 1000)) : .zero
                    try desk.book(part, of: entry, at: Make.price(100), feeInBase: fee)
                }
                let now = desk.held.position.quantity.roundedDown(to: Make.instrument.lotSize)
                #expect(desk.guarded == (now.isPositive ? [now] : []), "seed \(seed) step \(step), before \(sellable)")
                #expect(desk.live.filter { $0.order.type == .stop }.count <= 1, "seed \(seed) step \(step)")
                #expect(desk.ledger.imbalance == .zero, "seed \(seed) step \(step)")
            }
        }
    }

    @Test("a fee kept in the base asset leaves dust, and the round trip is over all the same")
    func dust() throws {
        var desk = Desk()
        let entry = Make.order("ord-1", stop: Make.price(90), target: Make.price(120))
        try desk.book(Make.quantity(1000), of: entry, at: Make.price(100), feeInBase: Quantity(raw: 100_500))
        let stop = try #require(desk.live.first?.order)
        #expect(stop.quantity == Quantity(raw: 99_899_000))
        try desk.book(stop.quantity, of: stop, at: Make.price(90))
        #expect(!desk.held.isOpen)
        #expect(desk.held.position.quantity == Quantity(raw: 500))
        #expect(desk.live.isEmpty)
        let trip = try #require(desk.trips.first)
        #expect(trip.reason == "stop_loss" && trip.exitPrice == Make.price(90) && trip.quantity == stop.quantity)
        #expect(desk.ledger.imbalance == .zero)
        let before = desk.held.id
        try desk.book(
            Make.quantity(500), of: Make.order("ord-2", stop: Make.price(80)), at: Make.price(100))
        #expect(desk.held.isOpen && desk.held.id != before && desk.held.target == nil)
        #expect(desk.live.map(\.order.type) == [.stop])
    }

    @Test("an order that leaves takes the exits away, its failure brings a new set")
    func leaving() throws {
        var desk = Desk()
        try desk.book(
            Make.quantity(1000), of: Make.order("ord-1", stop: Make.price(90), target: Make.price(120)),
            at: Make.price(100))
        let first = desk.live.map(\.order.id)
        desk.settle(leaving: true)
        #expect(desk.live.isEmpty)
        desk.settle()
        #expect(desk.live.count == 2 && desk.version == 2)
        #expect(Set(first).isDisjoint(with: desk.live.map(\.order.id)))
    }

    @Test("made again, a set has the same ids; they fit a client order id")
    func deterministic() throws {
        var held = HeldPosition(account: "main", symbol: Make.btc)
        let entry = Make.order("ord-1", stop: Make.price(90), target: Make.price(120))
        _ = try held.book(
            Make.fill("1", of: entry, Make.quantity(1), at: Make.price(100)), of: entry, lot: Quantity(raw: 1000))
        let sets = (0..<2).map { _ in
            ExitSet(held, version: 3, lot: Quantity(raw: 1000), correlation: "sig-1", now: .zero)
        }
        #expect(sets[0] == sets[1])
        #expect(sets[0]?.orders.allSatisfy { $0.id.utf8.count <= 36 && $0.purpose.isReduceOnly } == true)
    }

    @Test(
        "the watch fires the stop at or below, the target at or above, the stop first",
        arguments: [(89, "sl"), (90, "sl"), (91, ""), (119, ""), (120, "tp"), (130, "tp")])
    func watch(_ price: Int64, _ expected: String) {
        let exits = [
            Make.order("tp", .sell, .takeProfit, .takeProfit, trigger: Make.price(120)),
            Make.order("sl", .sell, .stop, .stopLoss, trigger: Make.price(90)),
        ].map { LiveExit(order: $0, position: "p", version: 1, state: .approved, filled: .zero) }
        var touched = TouchedPrices()
        touched.note(Make.price(price), at: Make.time(1))
        #expect((ExitWatch.due(exits, touched)?.order.id ?? "") == expected)
    }
}
