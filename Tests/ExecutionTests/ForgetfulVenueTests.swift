import Domain
import ExecutionCore
import Foundation
import Store
import Synchronization
import TestKit
import Testing

@testable import ExecutionApp

@Suite("A desk and a venue that forgets, answers by halves, or refuses for long")
struct ForgetfulVenueTests {
    @Test("a stop that has filled is booked although the venue no longer knows its id")
    func forgotten() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            venue.reporting(false)
            venue.forgetsWhatIsOver()
            venue.trade(at: Make.price(89))
            desk.inbox.lookAgain()
            try await eventually("the stop is booked") {
                await desk.step()
                return try await bench.text("SELECT reason AS text FROM trades") == "stop_loss" ? true : nil
            }
            try await bench.settle(desk)
            try await bench.check(venue.fills)
        }
    }

    @Test("of a pair in doubt no leg is sent without the other")
    func pairStaysTogether() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            desk.inbox.ring(for: "ord-1")
            venue.nextPair(.requestLost)
            venue.answersNothing(about: "tp-")
            // So long nothing must happen, whatever the desk is told to do.
            let end = ContinuousClock.now + .seconds(1.5)
            while ContinuousClock.now < end {
                await desk.step()
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(venue.accepted.keys.sorted() == ["ord-1"])
            venue.answersNothing(about: "")
            try await bench.settle(desk)
            try await eventually("the pair is there") {
                await desk.step()
                return venue.resting.count == 2 ? true : nil
            }
            #expect(venue.state.withLock { $0.entries.filter { $0.status == .resting && $0.partner == nil }.isEmpty })
            try await bench.check(venue.fills)
        }
    }

    @Test("a venue that goes on refusing exits is asked more and more seldom, and the books stay small")
    func refusedForLong() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try bench.desk()
            try await bench.approve("ord-1")
            try await bench.settle(desk, ringing: "ord-1")
            venue.state.withLock { $0.faults = Array(repeating: .refused, count: 1000) }
            venue.refusesPairs()
            try await bench.approve("ord-2", .exit, quantity: Make.quantity(1000))
            desk.inbox.ring(for: "ord-2")
            // How often it asks is a matter of time.
            let end = ContinuousClock.now + .seconds(4)
            while ContinuousClock.now < end {
                desk.inbox.add([
                    Print(
                        id: 9, symbol: Make.btc, price: Make.price(80), quantity: Make.quantity(1), aggressor: .sell,
                        time: Make.time(9000))
                ])
                await desk.step()
                try await Task.sleep(for: .milliseconds(20))
            }
            let sets = try await bench.rows("SELECT 1 FROM orders WHERE purpose = 'stop_loss'").count
            // The last of them waits for its turn.
            #expect((3...7).contains(sets), "\(sets) sets in four seconds")
        }
    }

    @Test("a line of the journal that was cut off does not swallow the next one")
    func tornLine() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let journal = try ExitJournal(folder: folder, account: "main")
        let first = ExitJournal.Record.fired(order: "sl-1", partners: ["tp-1"])
        let second = ExitJournal.Record.fired(order: "sl-2", partners: [])
        try await journal.append([first], Make.btc)
        let file = folder.appending(path: "\(Make.btc).log")
        try Data(try Data(contentsOf: file) + Data(#"{"filled":{"_0":{"acc"#.utf8)).write(to: file)
        try await journal.append([second], Make.btc)
        let kept = try await journal.records(Make.btc)
        #expect(kept.records == [first, second] && kept.unreadable == 1)
    }
}
