import Domain
import ExecutionCore
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("A desk whose books are away")
struct UnbookedTests {
    @Test(
        "guards an entry that filled as they went, told of it or not, and after a crash",
        arguments: [(true, false), (false, false), (false, true)])
    func entryFills(_ reports: Bool, _ crashes: Bool) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let before = try bench.desk()
            venue.reporting(reports)
            venue.whilePlacing { await bench.books.database.close() }
            try await bench.approve("ord-1")
            before.inbox.ring(for: "ord-1")
            try await eventually("it is guarded here") {
                await before.step()
                return await before.liveExits.count == 2 ? true : nil
            }
            let desk = crashes ? try bench.desk() : before
            try await bench.waitForSale(desk, venue, fills: 2)
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }

    @Test("guards after a crash what was booked just before they went, although the step did not come to its end")
    func crashedBeforeTheEndOfTheStep() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let before = try bench.desk()
            venue.refusesPairs()
            try await bench.approve("ord-1")
            before.inbox.ring(for: "ord-1")
            // The entry passes; then the request for its pair is cut short.
            venue.whilePlacing { venue.whilePlacing { await bench.books.database.close() } }
            await before.step()
            #expect(venue.fills.count == 1)
            try await bench.waitForSale(try bench.desk(), venue, fills: 2)
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }

    @Test(
        "sells once what fired, although the venue refused or lost the request at first",
        arguments: [[.refused], [.notSent], [.limited], [.requestLost], [.answerLost]] as [[ScriptedVenue.Fault]])
    func refused(_ faults: [ScriptedVenue.Fault]) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            venue.reporting(false)
            await bench.books.database.close()
            venue.state.withLock { $0.faults = faults }
            try await bench.waitForSale(desk, venue, fills: 2)
            for _ in 0..<5 { await desk.step() }
            #expect(venue.accepted.values.allSatisfy { $0 == 1 })
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }

    @Test("sells the rest of a sale that came to its end half filled")
    func halfSold() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            await bench.books.database.close()
            venue.next(.halfFilled)
            try await bench.waitForSale(desk, venue, fills: 3)
            #expect(venue.fills.map(\.quantity) == [Make.quantity(1000), Make.quantity(500), Make.quantity(500)])
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }

    @Test("sells nothing because a pair was not sent, and watches it meanwhile")
    func pairNotSent() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            venue.nextPair(.notSent)
            try await bench.approve("ord-1")
            desk.inbox.ring(for: "ord-1")
            await desk.step()
            #expect(await desk.orders.values.filter(\.isReady).count == 2)
            await bench.books.database.close()
            for _ in 0..<5 { await desk.step() }
            #expect(venue.fills.count == 1)
            try await bench.waitForSale(desk, venue, fills: 2)
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }

    @Test("guards all of what is held when an entry goes on filling, in place of what rests at the venue")
    func fillsOn() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approveResting("ord-1", at: Make.price(100))
            try await bench.settle(desk, ringing: "ord-1")
            venue.fill("ord-1", Make.quantity(300))
            desk.inbox.lookAgain()
            try await eventually("its exits rest") {
                await desk.step()
                return venue.resting.count == 3 ? true : nil
            }
            await bench.books.database.close()
            venue.fill("ord-1", Make.quantity(300))
            desk.inbox.add(try #require(try await venue.find("ord-1", Make.btc)))
            try await eventually("the smaller exits are gone") {
                await desk.step()
                return venue.resting.map(\.id) == ["ord-1"] ? true : nil
            }
            try await bench.waitForSale(desk, venue, fills: 3)
            #expect(venue.fills.last?.quantity == Make.quantity(600))
            try await bench.checkBooked(venue, trade: "stop_loss")
        }
    }
}

extension Bench {
    /// The market falls below the stop until the venue has filled so often.
    fileprivate func waitForSale(_ desk: SymbolDesk, _ venue: ScriptedVenue, fills count: Int) async throws {
        var second: Int64 = 9
        try await eventually("\(count) fills are there") {
            second += 1
            desk.inbox.add([Make.print(second, at: 85)])
            await desk.step()
            return venue.fills.count == count ? true : nil
        }
    }

    /// The books come back, with a new start: all is in them, and the position was closed for this reason.
    fileprivate func checkBooked(_ venue: ScriptedVenue, trade reason: String) async throws {
        let reopened = try await reopened()
        let desk = try reopened.desk()
        try await reopened.waitForTrade(desk, reason)
        try await reopened.settle(desk)
        try await reopened.check(venue.fills)
        #expect(try await reopened.text("SELECT count(*)::text AS text FROM fills_set_aside") == "0")
        await reopened.close()
    }
}
