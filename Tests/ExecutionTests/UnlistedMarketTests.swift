import Domain
import Foundation
import Store
import TestKit
import Testing

@Suite("A market that the settings no longer name", .serialized, .timeLimit(.minutes(3)))
struct UnlistedMarketTests {
    @Test(
        "is looked after while something is open there: its stop fires, is booked, and its exits are there at the start",
        arguments: ["binance", "paper"])
    func lookedAfter(_ venue: String) async throws {
        try await withRig(venue: venue) { rig in
            let dropped = rig.symbols[1]
            let before = try rig.execution()
            try await rig.ready()
            try await rig.approve("ord-1", dropped)
            try await rig.wait(for: "ord-1", "filled")
            try await rig.settle()
            try await before.kill()
            try rig.settings(name: [rig.symbols[0]])
            // Nobody publishes prints of a market that the settings do not name.
            rig.mute(dropped)
            let after = try rig.execution()
            try await rig.ready()
            try await rig.settle(within: .seconds(1))
            try await rig.control("spike?symbol=\(dropped)&factor=0.8&prints=3")
            try await eventually("the stop is booked", within: .seconds(15)) {
                try await rig.risk.query("SELECT 1 FROM trades WHERE reason = 'stop_loss'").isEmpty ? nil : true
            }
            try await rig.settle()
            // An order that was approved before risk-manager learned of it ends there as well.
            try await rig.approve("ord-2", dropped)
            try await rig.wait(for: "ord-2", "filled", "rejected")
            try await rig.settle()
            try await after.kill()
        }
    }
}
