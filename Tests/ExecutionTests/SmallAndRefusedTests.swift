import Domain
import ExecutionCore
import Foundation
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("What the venue will not hold, will not sell, or is asked to take back")
struct SmallAndRefusedTests {
    @Test("what is too small to be sold is dust: told once, not tried again, and guarded again when it is worth enough")
    func dust() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.refusesPairs()
            // 0.06 at 100 is 6; the venue wants 5.
            try await bench.approve("ord-1", quantity: Make.quantity(60), stop: Make.price(20))
            try await bench.settle(desk, ringing: "ord-1")
            bench.print(at: 70, 2)
            try await eventually("it is dust") {
                await desk.step()
                return await desk.unsellable == nil ? nil : true
            }
            try await bench.settle(desk)
            let sets = try await bench.rows("SELECT 1 FROM orders WHERE purpose = 'stop_loss'").count
            for _ in 0..<20 { await desk.step() }
            #expect(try await bench.rows("SELECT 1 FROM orders WHERE purpose = 'stop_loss'").count == sets)
            #expect(await desk.liveExits.isEmpty)
            #expect(try await bench.books.totals()?.unsellable == 1)
            #expect(try await bench.books.totals()?.exitsMissing == 0)
            #expect(
                try await bench.text("SELECT unsellable AS text FROM positions")
                    == "notional 4.2 is below the venue's minimum 5")
            try await bench.approve("ord-2", .exit, quantity: Make.quantity(60))
            try await bench.settle(desk, ringing: "ord-2")
            #expect(
                try await bench.text("SELECT state || ' ' || state_reason AS text FROM orders WHERE id = 'ord-2'")
                    == "rejected dust: notional 4.2 is below the venue's minimum 5")
            let told: SQL = "SELECT count(*)::text AS text FROM events WHERE body->>'kind' = 'position_unsellable'"
            #expect(try await bench.text(told) == "1")
            bench.print(at: 84, 3)
            await desk.step()
            #expect(await desk.unsellable != nil, "5.04 is not enough to spare")
            bench.print(at: 86, 4)
            venue.refusesPairs(false)
            try await eventually("the venue holds its exits") {
                await desk.step()
                return venue.resting.count == 2 ? true : nil
            }
            #expect(try await bench.text("SELECT unsellable AS text FROM positions") == "")
        }
    }

    @Test("an entry that would trade far from the last print is not sent; an exit is, whatever the quote says")
    func farFromMarket() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            bench.quote(bid: 90, ask: 106)
            try await bench.approve("ord-2")
            try await bench.settle(desk, ringing: "ord-2")
            #expect(
                try await bench.text("SELECT state || ' ' || state_reason AS text FROM orders WHERE id = 'ord-2'")
                    .hasPrefix("rejected price_sanity: it would trade 0.06 from the last print"))
            try await bench.approve("ord-3", .exit)
            try await bench.settle(desk, ringing: "ord-3")
            #expect(try await bench.text("SELECT state AS text FROM orders WHERE id = 'ord-3'") == "filled")
        }
    }

    @Test("exits that the venue refused once are watched here at once, and offered to it again")
    func offeredAgain() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.refusesPairs()
            try await bench.approve("ord-1")
            desk.inbox.ring(for: "ord-1")
            try await bench.settle(desk)
            #expect(await desk.liveExits.count(where: { $0.state == .approved }) == 2)
            venue.refusesPairs(false)
            try await eventually("the venue holds them", within: .seconds(9)) {
                await desk.step()
                return venue.resting.count == 2 ? true : nil
            }
            try await bench.check(venue.fills)
        }
    }

    @Test("they are offered ever more seldom, sooner when the price has moved")
    func pauses() {
        var refusals = ExitRefusals()
        let start = ContinuousClock.now
        let price = Make.price(100)
        #expect(refusals.offers("p", at: price, now: start))
        for _ in 0..<2 { refusals.refusedToHold("p", version: 1, at: price, now: start) }
        #expect(!refusals.offers("p", at: price, now: start + .seconds(4)))
        #expect(refusals.offers("p", at: price, now: start + .seconds(5)))
        #expect(refusals.offers("q", at: price, now: start))
        for set in 2..<20 { refusals.refusedToHold("p", version: Int64(set), at: price, now: start) }
        #expect(!refusals.offers("p", at: price, now: start + .seconds(600)))
        #expect(refusals.offers("p", at: price, now: start + .seconds(640)))
        #expect(!refusals.offers("p", at: Make.price(101), now: start + .seconds(4)))
        #expect(refusals.offers("p", at: Make.price(101), now: start + .seconds(5)))
        #expect(!refusals.offers("p", at: nil, now: start + .seconds(5)))
        refusals.accepted("p")
        #expect(refusals.offers("p", at: price, now: start))
        refusals.refusedToSell("p", now: start)
        #expect(!refusals.sells("p", now: start + .milliseconds(400)))
        #expect(refusals.sells("p", now: start + .milliseconds(500)))
    }

    @Test("an entry that goes on filling after its position was stopped out opens another one: no trade is lost")
    func opensAgain() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approveResting("ord-1", at: Make.price(100))
            try await bench.settle(desk, ringing: "ord-1")
            for round in 1...3 {
                venue.state.withLock { $0.price = Make.price(100) }
                venue.fill("ord-1", Make.quantity(300))
                desk.inbox.lookAgain()
                try await eventually("its exits rest") {
                    await desk.step()
                    return venue.resting.count == 3 ? true : nil
                }
                venue.trade(at: Make.price(89))
                desk.inbox.lookAgain()
                try await eventually("the stop is booked") {
                    await desk.step()
                    let trades = try await bench.rows("SELECT 1 FROM trades").count
                    return trades == round ? true : nil
                }
            }
            #expect(try await bench.text("SELECT sum(realised)::float8::text AS text FROM trades") == "-9.9")
            #expect(try await bench.text("SELECT trades::text AS text FROM strategy_performance") == "3")
            try await bench.check(venue.fills)
        }
    }

    @Test(
        "a resume leaves a resting entry where it is, a pause takes it back",
        arguments: [TradingState.running, .paused])
    func control(_ state: TradingState) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approveResting("ord-1", at: Make.price(95))
            try await bench.settle(desk, ringing: "ord-1")
            #expect(venue.resting.map(\.id) == ["ord-1"])
            try await bench.trading(state)
            desk.inbox.control()
            try await bench.settle(desk)
            #expect(venue.resting.map(\.id) == (state == .running ? ["ord-1"] : []))
        }
    }

    @Test("a snapshot of the journal that cannot be read is an error, and none is not")
    func unreadableSnapshot() async throws {
        let folder = try Scratch.folder()
        let journal = try ExitJournal(folder: folder, account: "main")
        #expect(try await journal.recall(Make.btc) == nil)
        try await journal.remember(
            Make.btc,
            .init(
                position: "pos-1", quantity: Make.quantity(1), cost: Make.money(1), strategy: "", version: 1, exits: [],
                atVenue: []))
        #expect(try await journal.recall(Make.btc)?.position == "pos-1")
        #expect(try journal.symbols() == [Make.btc])
        try Data("{\"position\":".utf8).write(to: folder.appending(path: "BTCUSDT.json"))
        await #expect(throws: ExitJournal.Unreadable.self) { try await journal.recall(Make.btc) }
    }

    @Test("lines that cannot be read are counted, and their file is kept beside")
    func unreadableLines() async throws {
        let folder = try Scratch.folder()
        let journal = try ExitJournal(folder: folder, account: "main")
        try await journal.append([.fired(order: "sl-1", partners: [])], Make.btc)
        let log = folder.appending(path: "BTCUSDT.log")
        try Data("\nnot a record\n".utf8 + Data(contentsOf: log)).write(to: log)
        let found = try await journal.records(Make.btc)
        #expect(found.records.count == 1 && found.unreadable == 1)
        try await journal.clear(Make.btc, keeping: true)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "BTCUSDT.unreadable").path))
        #expect(try await journal.records(Make.btc).records.isEmpty)
    }
}
