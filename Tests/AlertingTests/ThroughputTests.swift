import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// Many alerts at once. `PLIMSOLL_TEST_ALERTS` says how many, in `PLIMSOLL_TEST_GROUPS` groups.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct ThroughputTests {
    private static func number(_ variable: String, _ usual: Int) -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? usual
    }

    private static let batch = 500

    @Test func `all that were accepted are in the books, and heard of again they cost little`() async throws {
        let count = Self.number("PLIMSOLL_TEST_ALERTS", 5000)
        let groups = Self.number("PLIMSOLL_TEST_GROUPS", 100)
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 1, groupBy: "group")
            try await fleet.start(0)
            let bodies = stride(from: 0, to: count, by: Self.batch).map { start in
                let alerts = (start..<min(start + Self.batch, count)).map {
                    AlertingFleet.alert("Many\($0)", ends: 3600, severity: "warning", group: "\($0 % groups)")
                }
                return "[" + alerts.joined(separator: ",") + "]"
            }
            for round in ["new", "again"] {
                let started = ContinuousClock.now
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lane in 0..<4 {
                        group.addTask {
                            for body in stride(from: lane, to: bodies.count, by: 4).map({ bodies[$0] }) {
                                let answer = try await fleet.send(0, .post, "/api/v2/alerts", body)
                                #expect(answer.status == 200)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                print("\(count) alerts, \(round): \(ContinuousClock.now - started)")
                let rows = try await database.servers.sql("SELECT count(*) FROM alerts", database: database.name)
                #expect(rows == String(count))
            }
            try await eventually("every group is told", within: .seconds(120)) {
                let sql = "SELECT count(DISTINCT group_key) FROM notification_log"
                return try await database.servers.sql(sql, database: database.name) == String(groups) ? true : nil
            }
            try await eventually("every alert is told", within: .seconds(240)) {
                let sql = "SELECT sum(jsonb_array_length(firing)) FROM notification_log"
                return try await database.servers.sql(sql, database: database.name) == String(count) ? true : nil
            }
            try await fleet.kill(0)
            try await fleet.start(0)
            try await eventually("they are there after a kill", within: .seconds(60)) {
                let page = try await fleet.send(0, .get, "/metrics").text
                return page.contains("plimsoll_alerts{state=\"firing\"} \(count)\n") ? true : nil
            }
            try await fleet.stop()
        }
    }
}
