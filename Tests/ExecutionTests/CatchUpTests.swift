import Domain
import ExecutionCore
import Logging
import ServiceKit
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("Prints that nobody of us saw when they happened")
struct CatchUpTests {
    private func paper() -> PaperAdapter { PaperAdapter(costs: PaperBookTests.costs, instruments: [Make.instrument]) }

    private func print(_ id: Int64, _ price: Int64, at milliseconds: Int64) -> Print {
        Print(
            id: id, symbol: Make.btc, price: Make.price(price), quantity: Make.quantity(1), aggressor: .buy,
            time: Make.time(milliseconds))
    }

    /// A paper position since second 1, bought at 100, stop 90, target 120.
    private func opened(_ bench: Bench, _ venue: PaperAdapter) async throws {
        let desk = try bench.desk()
        await desk.step()
        try await bench.approve("ord-1")
        venue.handle([print(1, 100, at: 1000)])
        try await bench.settle(desk, ringing: "ord-1")
        #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-1'") == "filled")
    }

    private func exitPrice(_ bench: Bench, _ desk: SymbolDesk) async throws -> String {
        try await eventually("an exit is booked") {
            await desk.step()
            return try await bench.text("SELECT exit_price::float8::text AS text FROM trades").nonEmpty
        }
    }

    @Test(
        "on paper a stop reached before the first whole minute, or in the one that is not over, fires at the next start",
        arguments: [(20_000, 88, "87.98"), (200_000, 85, "84.98")])
    func unfinishedMinutes(_ at: Int64, _ low: Int64, _ expected: String) async throws {
        let venue = paper()
        try await withBench(venue) { bench in
            try await opened(bench, venue)
            for number in 1...2 { bench.past.minute(Int64(number), low: 95) }
            for (price, time) in [(99, 15_000), (low, at), (119, 210_000)] { bench.past.trade(at: price, time) }
            let after = try bench.desk(on: paper())
            #expect(try await exitPrice(bench, after) == expected)
            try await bench.settle(after)
        }
    }

    @Test("what could not be asked for at the start is made up for once it can be, and no entry's life hangs on it")
    func exchangeAway() async throws {
        let venue = paper()
        try await withBench(venue) { bench in
            try await opened(bench, venue)
            bench.past.isAway(true)
            bench.past.trade(at: 85, 20_000)
            let again = paper()
            let after = try bench.desk(on: again)
            try await bench.settle(after)
            again.handle([print(9, 110, at: 240_000)])
            await after.step()
            #expect(await after.behind != nil)
            #expect(try await bench.text("SELECT reason AS text FROM trades") == "")
            bench.past.isAway(false)
            #expect(try await exitPrice(bench, after) == "84.98")
        }
    }

    @Test("a stop that is watched here and was reached while nobody ran fires at the next start")
    func watched() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let before = try bench.desk()
            venue.refusesPairs()
            try await bench.approve("ord-1")
            try await bench.settle(before, ringing: "ord-1")
            bench.past.trade(at: 89, 20_000)
            bench.past.trade(at: 100, 30_000)
            let after = try bench.desk()
            try await eventually("the stop is booked") {
                await after.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            try await bench.check(venue.fills)
        }
    }

    @Test("a print that came while the account was not ours to change is not lost")
    func leaseLost() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.refusesPairs()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            let lease = bench.books.lease
            bench.books.lease = nil
            desk.inbox.add([print(9, 89, at: 9000)])
            await desk.step()
            desk.inbox.add([print(10, 100, at: 9100)])
            bench.books.lease = lease
            try await eventually("the stop is booked") {
                await desk.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            try await bench.check(venue.fills)
        }
    }

    @Test("prints that the bus left out are fetched and handed on as late ones")
    func hole() async throws {
        let past = ScriptedPast()
        let heard = Heard()
        let feed = feed(past, heard)
        await feed.hear([print(1, 100, at: 1000)])
        await feed.hear([print(2, 100, at: 1100)])
        await feed.tend()
        #expect(past.asked == 0 && heard.late.isEmpty)
        past.trade(at: 89, 1200)
        past.trade(at: 100, 1300)
        past.trade(at: 70, 1400)
        past.isAway(true)
        await feed.hear([print(4, 100, at: 1300)])
        await feed.tend()
        #expect(heard.late.isEmpty)
        past.isAway(false)
        try await eventually("the hole is filled") {
            await feed.tend()
            return heard.late == [Make.price(89), Make.price(100)] ? true : nil
        }
        #expect(heard.live == [100, 100, 100].map { Make.price($0) })
    }

    @Test("while the bus is silent the exchange is asked, but only for somebody who waits")
    func silence() async throws {
        let past = ScriptedPast()
        let heard = Heard()
        let feed = feed(past, heard)
        await feed.hear([print(1, 100, at: 1000)])
        past.trade(at: 89, 5000)
        // The bus says nothing for longer than the feed is patient.
        try await Task.sleep(for: PrintFeed.patience + .milliseconds(100))
        await feed.tend()
        #expect(past.asked == 0)
        heard.waits()
        await feed.tend()
        #expect(heard.live == [Make.price(100), Make.price(89)])
    }

    private func feed(_ past: ScriptedPast, _ heard: Heard) -> PrintFeed {
        PrintFeed(
            Make.btc, history: MarketHistory(past.source),
            sink: .init(
                take: { heard.add(live: $0) }, makeUp: { heard.add(late: $0) }, isNeeded: { heard.isWaiting }),
            metrics: Metrics(), logger: Logger(label: "feed"), now: { Make.time(6000) })
    }

    private final class Heard: Sendable {
        private let state = Mutex<(live: [Price], late: [Price], waits: Bool)>(([], [], false))
        var live: [Price] { state.withLock { $0.live } }
        var late: [Price] { state.withLock { $0.late } }
        var isWaiting: Bool { state.withLock { $0.waits } }
        func waits() { state.withLock { $0.waits = true } }
        func add(live prints: [Print]) { state.withLock { $0.live += prints.map(\.price) } }
        func add(late prints: [Print]) { state.withLock { $0.late += prints.map(\.price) } }
    }
}
