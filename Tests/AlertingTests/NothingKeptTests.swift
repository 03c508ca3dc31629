import Foundation
import Outbound
import StoreTestKit
import TestKit
import Testing

/// Postgres is there and keeps nothing, and then the disk keeps nothing either.
@Suite(.timeLimit(.minutes(2)))
struct NothingKeptTests {
    @Test func `what is critical is told while Postgres takes no changes, and when the disk is full too`() async throws
    {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            try await alarm.post("Usual")
            let known = AlertingFleet.alert("Known", ends: 600, severity: "info")
            #expect(try await alarm.send(.post, "/api/v2/alerts", "[\(known)]").status == 200)
            try await told("Usual", alarm)

            try await set("ALTER DATABASE \(database.name) SET default_transaction_read_only = on", database)
            #expect(try await alarm.post("PostgresDown") == 200)
            try await told("PostgresDown", alarm)

            // What no file can be made in is as good as a full disk.
            let spool = alarm.folder.appending(path: "spool")
            let aside = alarm.folder.appending(path: "spool-aside")
            try FileManager.default.moveItem(at: spool, to: aside)
            #expect(try await alarm.post("DiskFull") == 503)
            try await told("DiskFull", alarm)
            let message = try #require(try await alarm.kept(alarm.webhook).first { $0.body.contains("DiskFull") })
            #expect(message.body.contains(#""repeated":true"#), "nobody will remember it")
            let later = AlertingFleet.alert("Known", ends: 7200, severity: "info")
            #expect(try await alarm.send(.post, "/api/v2/alerts", "[\(later)]").status == 503)
            let end = try #require(later.firstMatch(of: /"endsAt":"([^"]*)Z"/)?.1)
            let listed = try await alarm.send(.get, "/api/v2/alerts").text
            #expect(listed.contains(end), "who posts says that it fires: \(end) in \(listed)")

            try FileManager.default.moveItem(at: aside, to: spool)
            try await set("ALTER DATABASE \(database.name) RESET default_transaction_read_only", database)
            try await eventually("Postgres keeps alerts again", within: .seconds(20)) {
                let metrics = try await alarm.send(.get, "/metrics").text
                return metrics.contains("\nplimsoll_alert_spool_records 0\n")
                    && metrics.contains("\nplimsoll_alerting_leads 1\n") ? true : nil
            }
            #expect(try await alarm.post("After") == 200)
            try await told("After", alarm)
            _ = try await program.terminate()
        }
    }

    private func told(_ name: String, _ alarm: AlertingProcess) async throws {
        try await eventually("\(name) is told", within: .seconds(30)) {
            try await alarm.kept(alarm.webhook).contains { $0.body.contains(name) } ? true : nil
        }
    }

    /// For every connection that is made from now on.
    private func set(_ statement: String, _ database: TestDatabase) async throws {
        try await database.servers.sql(statement)
        try await database.servers.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
    }
}
