import Domain
import ExecutionCore
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("A fill that cannot be booked")
struct AsideTests {
    private func oversold(_ quantity: Quantity, of id: String) -> Fill {
        Make.fill(
            "odd", of: Make.order(id, .sell, .market, .exit), quantity, at: Make.price(100), time: Make.time(7))
    }

    @Test("is set aside with its reason: no entry leaves, the market's exits go on, and it can be given up by hand")
    func setAside() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            let good = venue.fills
            venue.invent(oversold(Make.quantity(5000), of: "ord-1"), of: "ord-1")
            let news = try #require(try await venue.find("ord-1", Make.btc))
            desk.inbox.add(
                VenueOrder(
                    id: news.id, symbol: news.symbol, venueID: news.venueID, status: news.status,
                    executed: news.executed,
                    fills: venue.fills))
            try await bench.settle(desk)
            #expect(
                try await bench.text(
                    "SELECT venue_trade_id || ' ' || attempts || ' ' || reason AS text FROM fills_set_aside"
                ).hasPrefix("odd 1 constraint_violation: a fill sells 5 of 1 held"))
            #expect(try await bench.books.totals()?.fillsAside == 1)
            try await bench.approve("ord-2")
            try await bench.settle(desk, ringing: "ord-2")
            #expect(
                try await bench.text("SELECT state || ' ' || state_reason AS text FROM orders WHERE id = 'ord-2'")
                    .hasPrefix("rejected fill_set_aside"))
            try await bench.check(good)
            venue.trade(at: Make.price(89))
            desk.inbox.lookAgain()
            try await eventually("the stop is booked") {
                await desk.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            try await bench.books.dismiss("odd", Make.btc, by: "owner", because: "put right at the venue")
            #expect(try await bench.books.totals()?.fillsAside == 0)
            try await bench.approve("ord-3")
            try await bench.settle(desk, ringing: "ord-3")
            #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-3'") == "filled")
        }
    }

    @Test("the order it belongs to comes to its end, and the other fills of the same answer are booked")
    func orderEnds() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            // The venue sells the stop's quantity in two fills, of which one is more than there is.
            let stop = try #require(venue.resting.first { $0.type == .stop })
            venue.state.withLock { state in
                for index in state.entries.indices where state.entries[index].status == .resting {
                    state.entries[index].status = state.entries[index].order.id == stop.id ? .filled : .cancelled
                }
            }
            let half = Make.fill("half", of: stop, Make.quantity(400), at: Make.price(90), time: Make.time(8))
            let odd = Make.fill("odd", of: stop, Make.quantity(9000), at: Make.price(90), time: Make.time(9))
            venue.invent(half, of: stop.id)
            venue.invent(odd, of: stop.id)
            desk.inbox.lookAgain()
            try await eventually("the stop is over") {
                await desk.step()
                return try await bench.text(
                    "SELECT state AS text FROM orders WHERE id LIKE 'sl-%' AND exits_version = 1")
                    == "cancelled" ? true : nil
            }
            try await bench.settle(desk)
            #expect(try await bench.text("SELECT quantity::float8::text AS text FROM positions") == "0.6")
            #expect(venue.resting.map(\.quantity) == [Make.quantity(600), Make.quantity(600)])
            #expect(try await bench.rows("SELECT 1 FROM fills WHERE venue_trade_id = 'half'").count == 1)
        }
    }

    @Test("is booked by itself once what was missing before it has come")
    func bookedLater() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            let early = oversold(Make.quantity(1500), of: "ord-1")
            try await bench.books.setAside(early, of: "ord-1", because: "test")
            try await bench.books.setAside(early, of: "ord-1", because: "test again")
            #expect(
                try await bench.text("SELECT attempts::text || reason AS text FROM fills_set_aside") == "2test again")
            try await bench.approve("ord-0")
            #expect(try await bench.books.totals()?.fillsAside == 1)
            // What was bought before it, of an order that the account knows.
            _ = try await bench.books.book(
                [
                    Make.fill(
                        "before", of: Make.order("ord-0"), Make.quantity(1000), at: Make.price(100), time: Make.time(6))
                ], of: "ord-0", lot: Make.instrument.lotSize, venueID: nil)
            let after = try bench.desk()
            try await bench.settle(after)
            #expect(
                try await bench.text("SELECT settlement || ' ' || settled_by AS text FROM fills_set_aside")
                    == "booked execution")
            #expect(try await bench.text("SELECT quantity::float8::text AS text FROM positions") == "0.5")
        }
    }

    @Test("of an order that is not in the books is set aside, told by the venue or by the journal")
    func withoutOrder() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            func fill(_ trade: String) -> Fill {
                Make.fill(trade, of: Make.order("ord-gone"), Make.quantity(1000), at: Make.price(100))
            }
            try await ExitJournal(folder: bench.folder, account: "main").append([.filled(fill("kept"))], Make.btc)
            let desk = try bench.desk()
            desk.inbox.add(
                VenueOrder(
                    id: "ord-gone", symbol: Make.btc, venueID: "7", status: .filled, executed: Make.quantity(1000),
                    fills: [fill("told")]))
            try await bench.settle(desk)
            #expect(
                try await bench.text(
                    "SELECT venue_trade_id || ' ' || reason || ';' AS text FROM fills_set_aside ORDER BY venue_trade_id"
                )
                    == "kept no order with this id is in the books; told no order with this id is in the books;")
        }
    }

    @Test("whose trade's number is in the books for another fill is set aside, and what was booked stays")
    func numbersBeginAnew() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            venue.state.withLock { $0.trades = 0 }
            try await bench.approve("ord-2", quantity: Make.quantity(700))
            try await bench.settle(desk, ringing: "ord-2")
            try await eventually("it is over") {
                await desk.step()
                return try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-2'") == "cancelled"
                    ? true : nil
            }
            #expect(
                try await bench.text("SELECT order_id || ' ' || reason AS text FROM fills_set_aside").hasPrefix(
                    "ord-2 constraint_violation: trade v1 is in the books as 1 of ord-1, not as 0.7"))
            #expect(try await bench.text("SELECT quantity::float8::text AS text FROM positions") == "1")
            await desk.retryAsideNow()
            await desk.step()
            #expect(try await bench.books.totals()?.fillsAside == 1)
        }
    }
}
