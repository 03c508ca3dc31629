import Domain
import Foundation
import Store
import TestKit
import Testing

@Suite("Execution as a process, killed at any moment", .serialized, .timeLimit(.minutes(5)))
struct KillTests {
    @Test(
        "an order goes to the exchange, is filled, guarded, and closed",
        arguments: [("binance", "quote"), ("binance", "received"), ("binance", "bnb"), ("paper", "quote")])
    func roundTrip(_ venue: String, _ commission: String) async throws {
        try await withRig(venue: venue, commission: commission) { rig in
            let execution = try rig.execution()
            try await rig.ready()
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "filled")
            try await rig.settle()
            try await rig.approve("ord-2", rig.symbols[0], .exit)
            try await rig.wait(for: "ord-2", "filled")
            try await rig.settle()
            let metrics = await rig.metrics()
            for name in ["orders_total", "fills_total", "ledger_imbalance", "exits_missing", "venue_connected"] {
                #expect(metrics.contains("plimsoll_\(name)"), "\(name) is not on the page")
            }
            #expect(try await execution.terminate() == 0)
        }
    }

    @Test(
        "killed before the venue has it, before its answer, and after the fill: filled once, booked once, guarded once",
        arguments: ["lose-request", "delay-answer?milliseconds=900", "lose-answer", "answer-unknown"])
    func killedWhileSending(_ fault: String) async throws {
        try await withRig { rig in
            let before = try rig.execution()
            try await rig.ready()
            try await rig.control(fault)
            try await rig.control("lose-fills?count=1")
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "submitting", "filled")
            try await before.kill()
            try await rig.control("reset")
            let after = try rig.execution()
            try await rig.ready()
            try await rig.settle(within: .seconds(1))
            try await rig.wait(for: "ord-1", "filled")
            try await rig.settle()
            let fills = try await rig.there("fills", as: [Rig.ThereFill].self)
            #expect(Set(fills.map(\.clientOrderId)) == ["ord-1"])
            #expect(fills.reduce(.zero) { $0 + $1.qty } == Make.quantity(10_000))
            try await after.kill()
        }
    }

    @Test("without a crash: a venue that times out after accepting, answers late, loses requests and fills")
    func misbehaving() async throws {
        try await withRig { rig in
            let execution = try rig.execution()
            try await rig.ready()
            let faults = [
                "lose-answer", "lose-request", "delay-answer?milliseconds=1500", "answer-unknown",
                "lose-answer?count=2",
            ]
            for (index, fault) in faults.enumerated() {
                try await rig.control(fault)
                try await rig.control("lose-fills?count=2")
                try await rig.approve("ord-\(index)", rig.symbols[index % 2])
                try await rig.wait(for: "ord-\(index)", "filled")
            }
            try await rig.settle()
            let fills = try await rig.there("fills", as: [Rig.ThereFill].self)
            #expect(fills.reduce(.zero) { $0 + $1.qty } == Make.quantity(50_000))
            try await execution.kill()
        }
    }

    @Test("a stop that fills while nobody runs is booked at the next start", arguments: ["binance", "paper"])
    func filledWhileDown(_ venue: String) async throws {
        try await withRig(venue: venue) { rig in
            let before = try rig.execution()
            try await rig.ready()
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "filled")
            try await rig.settle()
            try await before.kill()
            try await rig.control("spike?symbol=\(rig.symbols[0])&factor=0.8&prints=3")
            try await eventually("the stop was reached") {
                try await rig.wasReached(rig.symbols[0]) ? true : nil
            }
            let after = try rig.execution()
            try await rig.ready()
            try await rig.settle()
            let reasons = try await rig.risk.query("SELECT reason FROM trades").map { try $0.text("reason") }
            #expect(reasons == ["stop_loss"])
            try await after.kill()
        }
    }

    @Test("killed again and again under load, at moments of a seed", arguments: ["binance", "paper"])
    func storm(_ venue: String) async throws {
        let seed: UInt64 = 20_261_121
        try await withRig(venue: venue) { rig in
            let execution = try await self.kill(rig, seed: seed)
            try await rig.settle()
            let rows = try await rig.risk.query(
                "SELECT order_id, sum(quantity) AS quantity FROM fills WHERE side = 'buy' GROUP BY order_id")
            for row in rows { #expect(try row.quantity("quantity") == Make.quantity(10_000), "seed \(seed)") }
            #expect(rows.count == 13, "seed \(seed)")
            try await execution.kill()
        }
    }

    /// Orders keep coming while execution is killed and started six times.
    private func kill(_ rig: Rig, seed: UInt64) async throws -> RunningProgram {
        var random = SeededRandom(seed: seed)
        var execution = try rig.execution()
        try await rig.ready()
        let load = Task {
            for number in 0..<16 {
                try await rig.approve("ord-\(number)", rig.symbols[number % 2], number % 5 == 4 ? .exit : .entry)
                // The load: about three orders a second.
                try await Task.sleep(for: .milliseconds(350))
            }
        }
        for _ in 0..<6 {
            // The moment of the kill is the seed's.
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...1400, using: &random)))
            try await execution.kill()
            execution = try rig.execution()
        }
        try await load.value
        try await rig.ready()
        try await eventually("seed \(seed): every order is over", within: .seconds(30)) {
            try await rig.risk.query(
                "SELECT 1 FROM orders WHERE purpose IN ('entry', 'exit') AND state NOT IN ('filled', 'cancelled')"
            ).isEmpty ? true : nil
        }
        return execution
    }

    @Test("after an emergency stop under load only what reduces leaves")
    func emergencyStop() async throws {
        try await withRig { rig in
            let execution = try rig.execution()
            try await rig.ready()
            for number in 0..<6 { try await rig.approve("ord-\(number)", rig.symbols[number % 2]) }
            try await rig.wait(for: "ord-0", "filled")
            try await rig.risk.query("UPDATE accounts SET state = 'stopped' WHERE id = 'main'")
            for number in 6..<12 { try await rig.approve("ord-\(number)", rig.symbols[number % 2]) }
            try await rig.approve("flt-1", rig.symbols[0], .flatten, quantity: "1000")
            try await rig.wait(for: "flt-1", "filled")
            try await rig.settle()
            for number in 6..<12 { try await rig.wait(for: "ord-\(number)", "cancelled") }
            let bought = try await rig.there("fills", as: [Rig.ThereFill].self).map(\.clientOrderId)
            for number in 6..<12 { #expect(!bought.contains("ord-\(number)")) }
            try await execution.kill()
        }
    }
}
