import Domain
import ExecutionCore
import Store
import StoreTestKit
import TestKit
import Testing

@testable import ExecutionApp

@Suite("A desk on real rows, with a venue that misbehaves")
struct DeskTests {
    @Test("an entry is filled, guarded by one set of exits, and closed by its target")
    func roundTrip() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            try await bench.check(venue.fills)
            #expect(venue.resting.map(\.type) == [.stop, .takeProfit])
            #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "filled")
            venue.trade(at: Make.price(121))
            for id in venue.fills.map(\.orderID) { desk.inbox.ring(for: id) }
            desk.inbox.lookAgain()
            try await bench.settle(desk)
            try await bench.check(venue.fills)
            #expect(
                try await bench.text("SELECT reason || ' ' || realised::float8 AS text FROM trades")
                    == "take_profit 21")
            #expect(try await bench.text("SELECT trades || ' ' || wins AS text FROM strategy_performance") == "1 1")
            #expect(try await bench.text("SELECT reserved::float8::text AS text FROM orders WHERE id = 'ord-1'") == "0")
        }
    }

    @Test(
        "whatever happens to the request, the order is there once",
        arguments: [
            ScriptedVenue.Fault.answerLost, .requestLost, .notSent, .limited,
        ])
    func faults(_ fault: ScriptedVenue.Fault) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.next(fault)
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            try await eventually("the order is filled") {
                await desk.step()
                return try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "filled"
                    ? true : nil
            }
            try await bench.settle(desk)
            try await bench.check(venue.fills)
            #expect(venue.accepted["ord-1"] == 1)
        }
    }

    @Test("a start after a crash at any point finds the order, never sends it twice", arguments: [true, false])
    func crash(_ arrived: Bool) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let before = try bench.desk()
            venue.next(arrived ? .answerLost : .requestLost)
            venue.reporting(false)
            try await bench.approve("ord-1")
            before.inbox.ring(for: "ord-1")
            await before.step()
            #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "submitting")
            let after = try bench.desk()
            try await bench.settle(after)
            try await eventually("the order is filled") {
                await after.step()
                return try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "filled"
                    ? true : nil
            }
            try await bench.settle(after)
            try await bench.check(venue.fills)
            #expect(venue.accepted["ord-1"] == 1)
        }
    }

    @Test(
        "exits whose answer is lost are found, and held once",
        arguments: [ScriptedVenue.Fault.answerLost, .requestLost])
    func exitsInDoubt(_ fault: ScriptedVenue.Fault) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            desk.inbox.ring(for: "ord-1")
            // The entry passes; what is lost is the request for its pair.
            venue.nextPair(fault)
            try await bench.settle(desk)
            #expect(venue.resting.count == 2)
            try await bench.check(venue.fills)
            #expect(venue.accepted.values.allSatisfy { $0 == 1 })
        }
    }

    @Test("fills that the venue loses on the way are fetched")
    func lostFills() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.filling(inParts: 3)
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            venue.reporting(false)
            venue.trade(at: Make.price(89))
            desk.inbox.lookAgain()
            try await bench.settle(desk)
            try await eventually("the stop is booked") {
                await desk.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            try await bench.settle(desk)
            try await bench.check(venue.fills)
            #expect(venue.fills.count == 6)
        }
    }

    @Test("an order that closes takes the exits back first, and sells no more than is held")
    func closing() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            try await bench.approve("ord-2", .exit, quantity: Make.quantity(5000))
            try await bench.settle(desk, ringing: "ord-2")
            try await bench.check(venue.fills)
            #expect(venue.resting.isEmpty)
            #expect(try await bench.text("SELECT reason AS text FROM trades") == "exit")
            try await bench.approve("ord-3", .exit, quantity: Make.quantity(5000))
            try await bench.settle(desk, ringing: "ord-3")
            #expect(
                try await bench.text("SELECT state || ' ' || state_reason AS text FROM orders WHERE id = 'ord-3'")
                    == "cancelled nothing is held")
        }
    }

    @Test("exits that the venue refuses are watched here, and fire on the print that reaches them")
    func watchedHere() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            desk.inbox.ring(for: "ord-1")
            venue.refusesPairs()
            try await bench.settle(desk)
            try await eventually("a set is watched here") {
                await desk.step()
                return await desk.liveExits.contains { $0.state == .approved } ? true : nil
            }
            try await bench.check(venue.fills)
            #expect(venue.resting.isEmpty)
            desk.inbox.add([
                Print(
                    id: 9, symbol: Make.btc, price: Make.price(90), quantity: Make.quantity(1), aggressor: .sell,
                    time: Make.time(9000))
            ])
            try await bench.settle(desk)
            try await bench.check(venue.fills)
            #expect(try await bench.text("SELECT reason AS text FROM trades") == "stop_loss")
        }
    }

    @Test("no entry leaves when trading is stopped or its time is over; what reduces does")
    func refusals() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            try await bench.approve("ord-2", expires: Make.time(500))
            try await bench.settle(desk, ringing: "ord-2")
            try await bench.trading(.stopped)
            try await bench.approve("ord-3")
            try await bench.approve("ord-4", .flatten)
            try await bench.settle(desk, ringing: "ord-3", "ord-4")
            try await bench.check(venue.fills)
            #expect(
                try await bench.text(
                    "SELECT state AS text FROM orders WHERE purpose IN ('entry', 'flatten') ORDER BY id")
                    == "filled expired cancelled filled")
        }
    }

    @Test("while the books are away a watched exit still fires, and is booked when they are back")
    func booksAway() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.refusesPairs()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            try await eventually("a set is watched here") {
                await desk.step()
                return await desk.liveExits.contains { $0.state == .approved } ? true : nil
            }
            await bench.books.database.close()
            let print = Print(
                id: 9, symbol: Make.btc, price: Make.price(85), quantity: Make.quantity(1), aggressor: .sell,
                time: Make.time(9000))
            desk.inbox.add([print])
            await desk.step()
            #expect(venue.fills.count == 2)
            let reopened = try await bench.reopened()
            let after = try reopened.desk()
            try await reopened.settle(after)
            try await reopened.check(venue.fills)
            #expect(try await reopened.text("SELECT reason AS text FROM trades") == "stop_loss")
            await reopened.close()
        }
    }

    @Test("a stop on paper that was reached while nobody ran fires from the candles at the next start")
    func paperCatchesUp() async throws {
        func paper() -> PaperAdapter { PaperAdapter(costs: PaperBookTests.costs, instruments: [Make.instrument]) }
        let venue = paper()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            await desk.step()
            try await bench.approve("ord-1")
            venue.handle([self.print(1, 100, at: 1000)])
            try await bench.settle(desk, ringing: "ord-1")
            #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "filled")
            let market = bench.database.connect(.marketData, poolSize: 1)
            for (minute, low) in [(1, 95), (2, 85), (3, 80)] as [(Int64, Int64)] {
                try await market.query(
                    """
                    INSERT INTO candles (symbol, timeframe, open_ns, open, high, low, close, volume, trades, source)
                    VALUES ('BTCUSDT', '1m', $1, 100, 101, $2, 100, 4, 4, 'trades')
                    """, [Make.time(minute * 60_000), Make.price(low)])
            }
            await market.close()
            let after = try bench.desk(on: paper())
            try await bench.settle(after)
            try await eventually("the stop is booked") {
                await after.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            #expect(try await bench.text("SELECT exit_price::float8::text AS text FROM trades") == "84.98")
            try await bench.settle(after)
        }
    }

    private func print(_ id: Int64, _ price: Int64, at milliseconds: Int64) -> Print {
        Print(
            id: id, symbol: Make.btc, price: Make.price(price), quantity: Make.quantity(1), aggressor: .buy,
            time: Make.time(milliseconds))
    }
}
