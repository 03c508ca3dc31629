import Domain
import Foundation
import Store
import TestKit
import Testing

@Suite("An emergency stop by risk-manager, under load", .serialized, .timeLimit(.minutes(3)))
struct EmergencyStopTests {
    @Test(
        "once it is answered no entry reaches the venue, whatever was in flight, and what is held is sold",
        arguments: ["", "hold-request?milliseconds=700", "lose-request?count=2", "lose-answer?count=2"])
    func stop(_ fault: String) async throws {
        try await withRig { rig in
            let execution = try rig.execution()
            let riskManager = try rig.riskManager()
            try await rig.ready()
            try await rig.riskManagerReady()
            let load = Task { try await self.load(rig) }
            try await rig.wait(for: "ord-1", "filled", "rejected", "submitting")
            if !fault.isEmpty { try await rig.control(fault) }
            try await eventually("more are on their way") { try await rig.state("ord-8").isEmpty ? nil : true }
            #expect(try await rig.stop() == 200, "nothing is on its way when it answers")
            let atStop = try await entries(rig)
            #expect(!atStop.isEmpty)
            // Orders that were approved before, and those that a late decision still books, go nowhere.
            let approved = try await load.value
            try await eventually("every order is over", within: .seconds(20)) {
                try await rig.risk.query(
                    """
                    SELECT 1 FROM orders WHERE purpose = 'entry'
                        AND state NOT IN ('filled', 'cancelled', 'rejected', 'expired')
                    """
                ).isEmpty ? true : nil
            }
            #expect(try await entries(rig) == atStop)
            #expect(atStop.count < approved, "some came too late")
            try await eventually("nothing is held", within: .seconds(20)) {
                try await rig.risk.query("SELECT 1 FROM positions WHERE is_open").isEmpty ? true : nil
            }
            try await rig.settle()
            try await riskManager.kill()
            try await execution.kill()
        }
    }

    /// Entries come every 60 ms, before and after the stop; gives how many.
    private func load(_ rig: Rig) async throws -> Int {
        for number in 1...50 {
            try await rig.approve("ord-\(number)", rig.symbols[number % 2], quantity: "1")
            try await Task.sleep(for: .milliseconds(60))
        }
        return 50
    }

    /// The entries that the venue has taken.
    private func entries(_ rig: Rig) async throws -> Set<String> {
        Set(
            try await rig.there("orders", as: [Rig.ThereOrder].self).filter { $0.side == "BUY" }.map(\.clientOrderId))
    }
}
