import Domain
import ExecutionCore
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("An exit that no venue holds, once its trigger is reached")
struct FiredExitTests {
    @Test(
        "is sold once, under one id, whatever becomes of its request",
        arguments: [
            [.answerLost], [.requestLost], [.notSent], [.limited], [.notSent, .answerLost],
            [.requestLost, .answerLost],
        ] as [[ScriptedVenue.Fault]])
    func soldOnce(_ faults: [ScriptedVenue.Fault]) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            venue.reporting(false)
            venue.state.withLock { $0.faults = faults }
            desk.inbox.add([Make.print(9, at: 85)])
            try await bench.waitForTrade(desk, "stop_loss")
            #expect(venue.fills.count == 2 && venue.accepted.values.allSatisfy { $0 == 1 })
            #expect(try await bench.text("SELECT max(exits_version)::text AS text FROM orders") == "2")
            try await bench.check(venue.fills)
        }
    }

    @Test("is sold at the market by the next start, although the price has come back", arguments: [true, false])
    func crashed(_ arrived: Bool) async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let before = try await bench.watching(venue)
            venue.reporting(false)
            venue.next(arrived ? .answerLost : .requestLost)
            before.inbox.add([Make.print(9, at: 85)])
            await before.step()
            let after = try bench.desk()
            venue.refusesPairs(false)
            try await bench.waitForTrade(after, "stop_loss")
            try await bench.settle(after)
            #expect(venue.resting.isEmpty && venue.fills.count == 2)
            try await bench.check(venue.fills)
        }
    }

    @Test("while it is being sold nothing else is placed, and what is bought meanwhile is guarded after it")
    func boughtMeanwhile() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            venue.reporting(false)
            venue.next(.requestLost)
            desk.inbox.add([Make.print(9, at: 85)])
            await desk.step()
            try await bench.approve("ord-2", stop: Make.price(50))
            desk.inbox.ring(for: "ord-2")
            try await bench.waitForFills(desk, venue, count: 3)
            venue.refusesPairs(false)
            try await eventually("the rest is guarded", within: .seconds(9)) {
                await desk.step()
                return venue.resting.count == 2 ? true : nil
            }
            #expect(venue.fills.filter { $0.side == .sell }.map(\.quantity) == [Make.quantity(1000)])
            try await bench.check(venue.fills)
        }
    }
}

extension Bench {
    /// A desk with a position bought at 100, stop 90, target 120, which it guards itself.
    func watching(_ venue: ScriptedVenue, _ id: String = "ord-1") async throws -> SymbolDesk {
        let desk = try desk()
        venue.refusesPairs()
        try await approve(id)
        try await settle(desk, ringing: id)
        try await eventually("a set is watched here") {
            await desk.step()
            return await desk.liveExits.count(where: { $0.state == .approved }) == 2 ? true : nil
        }
        return desk
    }

    /// Steps until the round trip is over, for this reason.
    func waitForTrade(_ desk: SymbolDesk, _ reason: String) async throws {
        try await eventually("a \(reason) is booked") {
            await desk.step()
            return try await text("SELECT reason AS text FROM trades") == reason ? true : nil
        }
    }

    /// Steps until the venue has filled so often and all of it is booked.
    func waitForFills(_ desk: SymbolDesk, _ venue: ScriptedVenue, count: Int) async throws {
        try await eventually("\(count) fills are booked") {
            await desk.step()
            return try await rows("SELECT 1 FROM fills").count == count && venue.fills.count == count ? true : nil
        }
    }
}
