import Store
import StoreTestKit
import TestKit
import Testing

/// What is looked after: nothing grows for ever, and the delivery log is checked at a cost that does not grow with it.
struct CaretakerTests {
    private let insert: SQL = """
        INSERT INTO delivery_log (notification_id, attempt, receiver, destination, channel, result, answer, subject,
            labels, told, repeated, begun_at, at)
        SELECT 'n' || i, 1, 'r', 'r/webhook/0', 'webhook', 'delivered', 'HTTP 200', 's', 'a=b', '', false, now(), now()
        FROM generate_series($1::bigint, $2::bigint) AS i ORDER BY i
        """

    @Test func `the delivery log is checked from where it was whole, and whole again where that is gone`() async throws
    {
        try await withTestDatabase { database in
            let alerting = database.connect(.alerting, poolSize: 1)
            let audit = DeliveryLogAudit(database: alerting)
            func sql(_ text: String) async throws { try await database.servers.sql(text, database: database.name) }
            #expect(try await alerting.execute(insert, [1, 20]) == 20)
            let mark = try #require(try await audit.run().mark)
            #expect(try await alerting.execute(insert, [21, 23]) == 3)
            let newer = try await audit.run(from: mark)
            #expect(newer.rows == 3 && newer.findings.isEmpty && newer.mark != mark)
            try await sql("UPDATE delivery_log SET answer = 'HTTP 500' WHERE seq IN (2, 22)")
            let changed = try await audit.run(from: mark)
            #expect(changed.findings == ["row 22 was changed"] && changed.mark == nil)
            #expect(try await audit.run().findings == ["row 2 was changed", "row 22 was changed"])
            try await sql("DELETE FROM delivery_log WHERE seq = 20")
            #expect(try await audit.run(from: mark).findings.contains("rows 20 to 20 are missing"))
            await alerting.close()
        }
    }

    @Test func `what is old goes, and what counts stays`() async throws {
        try await withTestDatabase { database in
            let kept = ["message_threads", "alert_groups", "acknowledgements", "alerting_audit"]
            func sql(_ text: String) async throws -> String {
                try await database.servers.sql(text, database: database.name)
            }
            for (name, age) in [("old", "4000 days"), ("new", "1 hour")] {
                _ = try await sql(
                    """
                    INSERT INTO message_threads VALUES ('\(name)', 'd', 'p', 'm', now() - interval '\(age)');
                    INSERT INTO alert_groups VALUES ('\(name)', jsonb_build_object('flushAt',
                        (extract(epoch FROM now() - interval '\(age)') * 1000000000)::bigint));
                    INSERT INTO acknowledgements (id, kind, subject, acknowledged, by_whom, through, at)
                        VALUES ('\(name)', 'group', 's', true, 'me', 'api', now() - interval '\(age)');
                    INSERT INTO alerting_audit (at, by_whom, through, action, subject)
                        VALUES (now() - interval '\(age)', 'me', 'api', 'resend', '\(name)')
                    """)
            }
            let fleet = try await AlertingFleet(database, instances: 1)
            try await fleet.start(0)
            for table in kept {
                try await eventually("the old row of \(table) is gone", within: .seconds(20)) {
                    try await sql("SELECT count(*) FROM \(table)") == "1" ? true : nil
                }
            }
            try await fleet.stop()
        }
    }
}
