import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// kill -9 at random moments, under load. `PLIMSOLL_TEST_KILLS` says how often; `PLIMSOLL_TEST_SEED` repeats a run.
@Suite(.serialized, .timeLimit(.minutes(30)))
struct KillTests {
    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
    }

    private let seed = UInt64(Self.number("PLIMSOLL_TEST_SEED") ?? Int.random(in: 1...1_000_000))

    /// Each alert that was answered 200 is told under one id; what is told again is marked, and once a kill at most.
    private func check(_ fleet: AlertingFleet, kills: Int) async throws {
        let accepted = fleet.accepted
        let told = try await eventually("all of \(accepted.count) alerts are told", within: .seconds(120)) {
            let told = try await fleet.told()
            return accepted.isSubset(of: Set(told.flatMap(\.names))) ? told : nil
        }
        var ids: [String: Set<String>] = [:]
        for message in told { for name in message.names { ids[name, default: []].insert(message.id) } }
        let twice = ids.filter { $0.value.count > 1 }
        #expect(twice.isEmpty, "seed \(seed): told under two ids: \(twice)")
        let messages = Dictionary(grouping: told, by: \.id)
        let repeats = messages.values.reduce(0) { $0 + $1.count - 1 }
        #expect(repeats <= kills, "seed \(seed): \(repeats) repeats after \(kills) kills")
        for (id, same) in messages where same.count > 1 {
            #expect(!same[0].repeated, "seed \(seed): \(id) is marked at its first")
            let unmarked = same.dropFirst().filter { !$0.repeated }
            #expect(unmarked.isEmpty, "seed \(seed): \(id) is repeated without a mark")
        }
        print(
            "seed \(seed): \(kills) kills, \(accepted.count) alerts accepted, \(messages.count) messages, \(repeats) repeated"
        )
    }

    @Test func `killed again and again, it loses nothing, and repeats one message a kill at most`() async throws {
        let kills = Self.number("PLIMSOLL_TEST_KILLS") ?? 8
        var random = SeededRandom(seed: seed)
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 1)
            try await fleet.start(0)
            for round in 1...kills {
                let load = Task { await fleet.load("k\(round)", every: .milliseconds(30)) }
                // The moment of the kill is the seed's.
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...1500, using: &random)))
                try await fleet.kill(0)
                load.cancel()
                await load.value
                try await fleet.start(0)
            }
            try await check(fleet, kills: kills)
            try await verify(database)
            try await fleet.stop()
        }
    }

    @Test func `of two instances one tells, and the other goes on when the first is killed`() async throws {
        let kills = max(3, (Self.number("PLIMSOLL_TEST_KILLS") ?? 8) / 3)
        var random = SeededRandom(seed: seed)
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 2)
            try await fleet.start(0)
            try await fleet.start(1)
            let load = Task { await fleet.load("two", every: .milliseconds(60)) }
            for _ in 1...kills {
                let leader = try await eventually("one leads", within: .seconds(20)) { try await fleet.leader() }
                // The moment of the kill is the seed's.
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...2000, using: &random)))
                try await fleet.kill(leader)
                try await eventually("the other leads", within: .seconds(20)) {
                    try await fleet.leader() == 1 - leader ? true : nil
                }
                try await fleet.start(leader)
            }
            load.cancel()
            await load.value
            try await check(fleet, kills: kills)
            try await verify(database)
            try await fleet.stop()
        }
    }

    @Test func `a resolved notice that fell due while it was down is told after the start, once`() async throws {
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 1)
            try await fleet.start(0)
            let end = ContinuousClock.now + .seconds(4)
            let body = AlertingFleet.alert("Ends", ends: 4)
            #expect(try await fleet.send(0, .post, "/api/v2/alerts", "[\(body)]").status == 200)
            try await eventually("it is told") { try await fleet.told().count == 1 ? true : nil }
            try await eventually("that is written down") {
                let sql = "SELECT count(*) FROM delivery_log WHERE result = 'delivered'"
                return try await database.servers.sql(sql, database: database.name) == "1" ? true : nil
            }
            try await fleet.kill(0)
            // Its end, and the round after it, fall into the time in which nobody runs.
            try await Task.sleep(until: end + .seconds(1), clock: .continuous)
            try await fleet.start(0)
            try await eventually("its end is told") { try await fleet.told().contains { !$0.firing } ? true : nil }
            try await fleet.kill(0)
            try await fleet.start(0)
            await fleet.post("Mark")
            try await eventually("it goes on") { try await fleet.told().contains { $0.names == ["Mark"] } ? true : nil }
            #expect(try await Set(fleet.told().filter { $0.names == ["Ends"] }.map(\.id)).count == 2)
            try await fleet.stop()
        }
    }

    /// Whatever happened, the log is whole.
    private func verify(_ database: TestDatabase) async throws {
        let report = try await database.auditDeliveries()
        #expect(report.findings.isEmpty, "seed \(seed): \(report.findings)")
        #expect(report.rows > 0)
    }
}
