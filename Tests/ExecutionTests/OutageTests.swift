import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

@Suite("Execution while its servers die", .serialized, .timeLimit(.minutes(5)))
struct OutageTests {
    @Test("Postgres dies: the venue's exit fills, the one watched here fires, even after kill -9; all is booked later")
    func withoutPostgres() async throws {
        try await withOwnServers { rig in
            let before = try rig.execution()
            try await rig.ready()
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.wait(for: "ord-1", "filled")
            try await rig.settle()
            // Answered at once, so that the next request, for the pair, is the one refused.
            try await rig.refuseExits(of: "ord-2", rig.symbols[1])
            try await rig.database.servers.kill(.postgres)
            try await rig.control("spike?symbol=\(rig.symbols[0])&factor=0.8&prints=3")
            try await eventually("the stop at the venue has filled") { try await rig.stops() == 1 ? true : nil }
            try await before.kill()
            let after = try rig.execution()
            try await eventually("the stop watched here has fired", within: .seconds(30)) {
                rig.publish(Price(raw: 100_000_000), of: rig.symbols[1], id: .max)
                return try await rig.stops() == 2 ? true : nil
            }
            try await rig.startPostgres()
            try await rig.ready()
            try await rig.settle()
            let reasons = try await rig.risk.query("SELECT reason FROM trades").map { try $0.text("reason") }
            #expect(reasons == ["stop_loss", "stop_loss"])
            try await after.kill()
        }
    }

    @Test("a database that hangs holds up no exit: it fires from the journal, and nothing is doubled afterwards")
    func hangs() async throws {
        try await withOwnServers { rig in
            let execution = try rig.execution()
            try await rig.ready()
            for (number, server) in [TestServers.Server.pgbouncer, .postgres].enumerated() {
                try await rig.refuseExits(of: "ord-\(number)", rig.symbols[1])
                try await rig.database.servers.freeze(server)
                try await eventually("the stop watched here has fired while \(server) hangs", within: .seconds(5)) {
                    rig.publish(Price(raw: 100_000_000), of: rig.symbols[1], id: .max)
                    return try await rig.stops() == number + 1 ? true : nil
                }
                try await rig.database.servers.thaw(server)
                try await rig.ready()
                try await rig.settle()
            }
            let reasons = try await rig.risk.query("SELECT reason FROM trades").map { try $0.text("reason") }
            #expect(reasons == ["stop_loss", "stop_loss"])
            #expect(try await rig.stops() == 2)
            try await execution.kill()
        }
    }

    @Test("PgBouncer and Redis die and come back: orders go on, nothing is lost")
    func othersDie() async throws {
        try await withOwnServers { rig in
            let execution = try rig.execution()
            try await rig.ready()
            try await rig.approve("ord-1", rig.symbols[0])
            try await rig.database.servers.kill(.redis)
            try await rig.wait(for: "ord-1", "filled", "rejected")
            try await rig.database.servers.start(.redis)
            try await rig.ready()
            try await eventually("prices are heard again", within: .seconds(15)) {
                let id = "ord-\(UUID().uuidString.prefix(8))"
                try await rig.approve(id, rig.symbols[1])
                try await rig.wait(for: id, "filled", "rejected")
                return try await rig.state(id) == "filled" ? true : nil
            }
            try await rig.database.servers.kill(.pgbouncer)
            try await eventually("execution misses it") {
                await rig.get("http://127.0.0.1:\(rig.ports.execution)/health/ready")?.status == 503 ? true : nil
            }
            try await rig.database.servers.start(.pgbouncer)
            try await rig.ready()
            try await rig.settle()
            try await execution.kill()
        }
    }
}
