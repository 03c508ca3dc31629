import Domain
import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

/// kill -9 at each point of an order's way, with the real programs: execution, risk-manager and the exchange.
///
/// A point inside a transaction is held open by a row lock of the test; one on the wire by the exchange.
@Suite("Killed at a point that is known", .serialized, .timeLimit(.minutes(5)))
struct KillMatrixTests {
    @Test("execution, before it has claimed: sent once by the next one")
    func beforeTheClaim() async throws {
        try await withRig { rig in
            let before = try rig.execution()
            try await rig.ready()
            let lock = try await rig.lockAccount()
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.waitForLock("execution")
            try await before.kill()
            await lock.release()
            #expect(try await rig.state("ord-1") == "approved")
            #expect(try await rig.there("orders", as: [Rig.ThereOrder].self).isEmpty)
            try await finish(rig)
        }
    }

    @Test(
        "execution, when the request has left and is not taken yet: taken after the kill, or too late and sent again",
        arguments: [600, 1600])
    func beforeTheVenueTakesIt(_ milliseconds: Int) async throws {
        try await withRig { rig in
            let before = try rig.execution()
            try await rig.ready()
            try await rig.control("hold-request?milliseconds=\(milliseconds)")
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "submitting")
            // Claimed is not yet on the wire.
            try await eventually("the exchange holds the request") {
                try await rig.there("held", as: Int.self) == 1 ? true : nil
            }
            try await before.kill()
            #expect(try await rig.there("orders", as: [Rig.ThereOrder].self).isEmpty)
            try await finish(rig)
        }
    }

    @Test("execution, after the fill and before it is booked: booked once, guarded once")
    func beforeTheFillIsBooked() async throws {
        try await withRig { rig in
            let before = try rig.execution()
            try await rig.ready()
            try await rig.control("hold-request?milliseconds=500")
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "submitting")
            let lock = try await rig.lockAccount()
            try await eventually("it is filled") {
                try await rig.there("fills", as: [Rig.ThereFill].self).isEmpty ? nil : true
            }
            try await rig.waitForLock("execution")
            try await before.kill()
            await lock.release()
            #expect(try await rig.risk.query("SELECT 1 FROM fills").isEmpty)
            try await finish(rig)
        }
    }

    @Test(
        "execution, while the request for the exits is held, refused, or taken without an answer",
        arguments: ["hold-request?milliseconds=700", "lose-request", "lose-answer", "reject"])
    func whilePlacingExits(_ fault: String) async throws {
        try await withRig { rig in
            let before = try rig.execution()
            try await rig.ready()
            // The entry's answer comes late, so that the next request is the one for the exits.
            try await rig.control("delay-answer?milliseconds=400")
            try await rig.approve("ord-1", rig.symbols[0])
            try await eventually("the entry is taken") {
                try await rig.there("fills", as: [Rig.ThereFill].self).isEmpty ? nil : true
            }
            try await rig.control(fault)
            // A refusal has to have come: else it is still waiting for the request of the next process.
            let states = fault == "reject" ? ["rejected"] : ["submitting", "open", "rejected"]
            try await eventually("the exits are sent") {
                try await rig.risk.query(
                    "SELECT 1 FROM orders WHERE purpose = 'stop_loss' AND state = ANY ($1::text[])",
                    [BoundArray(states)]
                ).isEmpty ? nil : true
            }
            try await before.kill()
            try await finish(rig)
        }
    }

    @Test("risk-manager, before its commit: nothing of the decision is there, and the next one decides once")
    func riskManagerBeforeItsCommit() async throws {
        try await withRig { rig in
            let execution = try rig.execution()
            try await rig.ready()
            let before = try rig.riskManager()
            try await rig.riskManagerReady()
            let signal = try await rig.signal(rig.symbols[0])
            try await rig.minute(before: signal.candleClose, of: signal.symbol)
            let lock = try await rig.lockAccount()
            rig.raise(signal)
            try await rig.waitForLock("risk_manager")
            try await before.kill()
            await lock.release()
            #expect(try await rig.risk.query("SELECT 1 FROM decisions").isEmpty)
            let after = try rig.riskManager()
            try await rig.riskManagerReady()
            // strategy repeats a signal that nobody answered.
            try await eventually("it is decided") {
                rig.raise(signal)
                return try await rig.risk.query("SELECT 1 FROM decisions").isEmpty ? nil : true
            }
            try await decidedOnce(rig)
            try await after.kill()
            try await execution.kill()
        }
    }

    @Test("risk-manager, after its commit and before anybody heard of it: the order is found and sent once")
    func riskManagerAfterItsCommit() async throws {
        try await withRig { rig in
            let before = try rig.riskManager()
            try await rig.riskManagerReady()
            // Nobody listens to the bell: execution starts after the kill.
            let signal = try await rig.signal(rig.symbols[0])
            try await eventually("it is decided") {
                rig.raise(signal)
                return try await rig.risk.query("SELECT 1 FROM decisions").isEmpty ? nil : true
            }
            try await before.kill()
            let after = try rig.riskManager()
            try await rig.riskManagerReady()
            rig.raise(signal)
            let execution = try rig.execution()
            try await rig.ready()
            try await decidedOnce(rig)
            try await after.kill()
            try await execution.kill()
        }
    }

    /// One decision, one order, filled once, and each event once.
    private func decidedOnce(_ rig: Rig) async throws {
        do {
            try await eventually("the entry is filled", within: .seconds(20)) {
                try await rig.risk.query("SELECT 1 FROM orders WHERE purpose = 'entry' AND state = 'filled'").isEmpty
                    ? nil : true
            }
        } catch {
            let words = try await rig.risk.query(
                """
                SELECT d.reason || coalesce(', ' || o.state || ': ' || o.state_reason, '') AS text
                FROM decisions d LEFT JOIN orders o ON o.decision_id = d.id
                """
            ).map { try $0.text("text") }
            Issue.record("decided: \(words)")
            throw error
        }
        try await rig.settle()
        let row = try #require(
            try await rig.risk.query(
                """
                SELECT (SELECT count(*) FROM decisions) AS decisions, (SELECT count(*) FROM signals) AS signals,
                    (SELECT count(*) FROM orders WHERE purpose = 'entry') AS entries,
                    (SELECT count(*) FROM events WHERE type = 'order.approved') AS approvals,
                    (SELECT count(*) FROM fills) - (SELECT count(*) FROM events WHERE type = 'fill.booked') AS untold
                """
            ).first)
        #expect(try row.int("decisions") == 1 && row.int("signals") == 1 && row.int("entries") == 1)
        #expect(try row.int("approvals") == 1 && row.int("untold") == 0)
    }

    /// A new execution brings the one entry to its end: filled once for all of it, guarded within a second of ready.
    private func finish(_ rig: Rig) async throws {
        let after = try rig.execution()
        try await rig.ready()
        try await rig.wait(for: "ord-1", "filled")
        try await rig.settle(within: .seconds(1))
        let fills = try await rig.there("fills", as: [Rig.ThereFill].self)
        #expect(Set(fills.map(\.clientOrderId)) == ["ord-1"])
        #expect(fills.reduce(.zero) { $0 + $1.qty } == Make.quantity(10_000))
        let told = try await rig.risk.query("SELECT 1 FROM events WHERE type = 'fill.booked'")
        #expect(told.count == fills.count, "each fill is told once")
        try await after.kill()
    }
}
