import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

extension TestDatabase {
    /// Checks the delivery log, as the operator does.
    func auditDeliveries() async throws -> DeliveryLogAudit.Report {
        let database = connect(.operator, poolSize: 1)
        let report = try await DeliveryLogAudit(database: database).run()
        await database.close()
        return report
    }
}

/// Who was told what: written once, found again, sent again.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DeliveryLogTests {
    /// - Returns: the fleet with some messages delivered.
    private func fleet(_ database: TestDatabase, _ names: [String]) async throws -> AlertingFleet {
        let fleet = try await AlertingFleet(database, instances: 1)
        try await fleet.start(0)
        for name in names { await fleet.post(name) }
        try await eventually("all are written down", within: .seconds(20)) {
            let sql = "SELECT count(*) FROM delivery_log WHERE result = 'delivered'"
            return try await database.servers.sql(sql, database: database.name) == String(names.count) ? true : nil
        }
        return fleet
    }

    private struct Page: Decodable {
        struct Row: Decodable {
            let seq: Int64
            let notification: String
            let subject: String
            let result: String
        }
        let attempts: [Row]
        let next: Int64?
    }

    private func page(_ fleet: AlertingFleet, _ query: String) async throws -> Page {
        let answer = try await fleet.send(0, .get, "/api/notifications?\(query)")
        #expect(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(Page.self, from: Data(answer.body))
    }

    @Test func `it is searched page by page, exported, and a notification is sent again and marked`() async throws {
        try await withTestDatabase { database in
            let fleet = try await fleet(database, ["Apple", "Pear", "Plum_1"])
            #expect(try await page(fleet, "text=pear").attempts.map(\.subject) == ["[FIRING:1] Pear (critical)"])
            #expect(
                try await page(fleet, "text=plum_1&channel=webhook&receiver=owner&result=delivered").attempts.count == 1
            )
            #expect(try await page(fleet, "text=plum%25").attempts.isEmpty, "a per cent sign is itself")
            #expect(try await page(fleet, "channel=slack").attempts.isEmpty)
            #expect(try await page(fleet, "from=2999-01-01T00:00:00Z").attempts.isEmpty)
            let first = try await page(fleet, "limit=2")
            let second = try await page(fleet, "limit=2&before=\(first.next ?? 0)")
            #expect((first.attempts + second.attempts).map(\.seq) == [3, 2, 1])
            #expect(second.next == nil)
            for bad in ["limit=0", "result=x", "from=yesterday", "before=x"] {
                #expect(try await fleet.send(0, .get, "/api/notifications?\(bad)").status == 400, "\(bad)")
            }
            let table = try await fleet.send(0, .get, "/api/notifications.csv?text=pear").text
            #expect(table.split(separator: "\n").count == 2 && table.hasPrefix("seq,at,"))

            let id = try #require(try await page(fleet, "text=pear").attempts.first?.notification)
            let order = #"{"by":"owner"}"#
            #expect(try await fleet.send(0, .post, "/api/notifications/none/resend", order).status == 404)
            #expect(try await fleet.send(0, .post, "/api/notifications/\(id)/resend", order).status == 202)
            let again = try await eventually("it is sent again") {
                try await fleet.told().first { $0.names == ["Pear"] && $0.id != id }
            }
            #expect(again.reason == "sent again on demand")
            let audit = try await database.servers.sql(
                "SELECT by_whom || ' ' || action || ' ' || subject FROM alerting_audit", database: database.name)
            #expect(audit == "owner resend \(id)")
            try await eventually("that is a row of its own") {
                let sql = "SELECT resend_of FROM delivery_log WHERE notification_id = '\(again.id)'"
                return try await database.servers.sql(sql, database: database.name) == id ? true : nil
            }
            #expect(try await page(fleet, "text=sent%20again").attempts.count == 1, "its subject says so")
            #expect(try await fleet.send(0, .get, "/api/notifications/verify").status == 200)
            try await fleet.stop()
        }
    }

    @Test func `a test goes through every channel of a receiver, is marked, and its time is measured`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            let order = #"{"by":"anna"}"#
            #expect(try await alarm.send(.post, "/api/receivers/nobody/test", order).status == 404)
            #expect(try await alarm.send(.post, "/api/receivers/owner/test", #"{"by":""}"#).status == 400)
            let plain = try await alarm.send(.post, "/api/receivers/owner/test", order, type: "text/plain")
            #expect(plain.status == 415, "any web page may send that")
            let answer = try await alarm.send(.post, "/api/receivers/owner/test", order)
            #expect(answer.status == 202 && answer.text.contains("owner/email/0"), "\(answer.text)")
            try await eventually("every channel hears of it") {
                let slack = try await alarm.kept(alarm.slack).filter { $0.body.contains("[TEST]") }
                let mails = try alarm.mails().filter { $0.contains("[TEST]") }
                let posts = try await alarm.kept(alarm.webhook).filter { $0.body.contains("a test of the channel") }
                return slack.count == 1 && mails.count == 1 && posts.count == 1 ? true : nil
            }
            try await eventually("the log and the figures have it") {
                let log = try await alarm.send(.get, "/api/notifications?text=channeltest&result=delivered").text
                let metrics = try await alarm.send(.get, "/metrics").text
                let measured = try ["slack", "email", "webhook"].allSatisfy {
                    metrics.firstMatch(
                        of: try Regex("plimsoll_channel_test_seconds\\{channel=\"\($0)\"\\} 0\\.0*[1-9]")) != nil
                }
                return log.components(separatedBy: "\"seq\"").count == 4 && measured ? true : nil
            }
            #expect(try await alarm.send(.get, "/api/v2/alerts").text == "[]\n", "no alert is made of it")
            _ = try await program.terminate()
        }
    }

    @Test func `whoever changes it, or takes rows out, is found`() async throws {
        try await withTestDatabase { database in
            let fleet = try await fleet(database, ["A", "B", "C", "D"])
            try await fleet.stop()
            #expect(try await database.auditDeliveries().findings.isEmpty)
            func sql(_ text: String) async throws { try await database.servers.sql(text, database: database.name) }
            try await sql("UPDATE delivery_log SET answer = 'HTTP 500' WHERE seq = 2")
            #expect(try await database.auditDeliveries().findings == ["row 2 was changed"])
            try await sql("UPDATE delivery_log SET answer = 'HTTP 200' WHERE seq = 2")
            #expect(try await database.auditDeliveries().findings.isEmpty)
            try await sql("CREATE TABLE kept AS SELECT * FROM delivery_log WHERE seq IN (3, 4)")
            try await sql("DELETE FROM delivery_log WHERE seq = 3")
            #expect(try await database.auditDeliveries().findings.contains("rows 3 to 3 are missing"))
            try await sql("DELETE FROM delivery_log WHERE seq = 4")
            #expect(
                try await database.auditDeliveries().findings == ["the log ends at row 2, and its last row was 4"])
        }
    }

    @Test func `old rows go, what is left can still be verified, and the service can change none`() async throws {
        try await withTestDatabase { database in
            let alerting = database.connect(.alerting, poolSize: 1)
            let row: SQL = """
                INSERT INTO delivery_log (notification_id, attempt, receiver, destination, channel, result, answer, subject,
                    labels, told, repeated, begun_at, at)
                SELECT 'n' || i, 1, 'r', 'r/webhook/0', 'webhook', 'delivered', 'HTTP 200', 's', 'a=b', '', false,
                    now() - i * interval '1 day', now() - i * interval '1 day'
                FROM generate_series(1, 20) AS i ORDER BY i DESC
                """
            #expect(try await alerting.execute(row) == 20)
            #expect(try await alerting.execute(row) == 0, "the same again is no row")
            await #expect(throws: StoreError.self) {
                try await alerting.query("SELECT trim_delivery_log(interval '1 day')")
            }
            for statement: SQL in [
                "DELETE FROM delivery_log", "UPDATE delivery_log SET answer = ''", "UPDATE delivery_chain SET seq = 0",
                "DELETE FROM delivery_anchors", "DELETE FROM acknowledgements",
                "UPDATE alerting_audit SET by_whom = ''",
            ] {
                let error = await #expect(throws: StoreError.self) { try await alerting.execute(statement) }
                #expect(error?.code == .notPermitted, "\(statement.text)")
            }
            try await alerting.query("SELECT trim_delivery_log(interval '10 days')")
            let report = try await database.auditDeliveries()
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect((9...10).contains(report.rows) && report.anchor != nil)
            try await alerting.query("SELECT trim_delivery_log(interval '7 days')")
            #expect(try await database.auditDeliveries().findings.isEmpty)
            await alerting.close()
        }
    }

    @Test func `who took notice is kept over a kill, and taken back`() async throws {
        try await withTestDatabase { database in
            let fleet = try await fleet(database, ["Known"])
            struct Known: Decodable {
                let subject: String
                let by: String
            }
            func known() async throws -> [String] {
                let answer = try await fleet.send(0, .get, "/api/acknowledgements")
                return try JSONDecoder().decode([Known].self, from: Data(answer.body)).map { "\($0.subject) \($0.by)" }
            }
            let listed = try await fleet.send(0, .get, "/api/v2/alerts").text
            let place = try #require(listed.firstMatch(of: /"fingerprint":"([0-9a-f]{16})"/))
            let fingerprint = String(place.1)
            let order = #"{"by":"owner","comment":"I look at it"}"#
            #expect(try await fleet.send(0, .post, "/api/alerts/0000000000000000/ack", order).status == 404)
            #expect(try await fleet.send(0, .get, "/api/alerts/\(fingerprint)/ack").status != 200, "never by GET")
            #expect(try await fleet.send(0, .post, "/api/alerts/\(fingerprint)/ack", order).status == 200)
            let group = "%7B%7D%3A%7Balertname%3D%22Known%22%7D"
            #expect(try await fleet.send(0, .post, "/api/alerts/\(group)/ack", order).status == 200)
            try await fleet.kill(0)
            try await fleet.start(0)
            try await eventually("they are known again") { try await known().count == 2 ? true : nil }
            #expect(try await fleet.send(0, .post, "/api/alerts/\(fingerprint)/unack", order).status == 200)
            #expect(try await known() == [#"{}:{alertname="Known"} owner"#])
            try await fleet.stop()
        }
    }
}
