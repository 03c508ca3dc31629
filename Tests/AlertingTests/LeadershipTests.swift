import Foundation
import Outbound
import StoreTestKit
import TestKit
import Testing

/// Who may notify, when the database is slow.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct LeadershipTests {
    /// Each read of these takes two seconds, so that the books take longer to read than a lease lasts.
    private static let slow = ["silences", "acknowledgements", "message_threads"]

    @Test func `one that reads its books for longer than a lease lasts leads all the same`() async throws {
        try await withTestDatabase { database in
            func sql(_ text: String) async throws { try await database.servers.sql(text, database: database.name) }
            for table in Self.slow {
                try await sql("ALTER TABLE \(table) RENAME TO kept_\(table)")
                try await sql(
                    """
                    CREATE VIEW \(table) AS SELECT * FROM kept_\(table)
                    UNION ALL SELECT * FROM kept_\(table) WHERE (SELECT pg_sleep(2)::text) IS NULL
                    """)
                try await sql("GRANT SELECT ON \(table) TO alerting")
            }
            let fleet = try await AlertingFleet(database, instances: 1)
            try await fleet.start(0)
            await fleet.post("Slow")
            let told = try await eventually("it is told", within: .seconds(40)) {
                try await fleet.told().first { $0.names == ["Slow"] }
            }
            #expect(!told.repeated)
            let token = try await database.servers.sql("SELECT token FROM leases", database: database.name)
            #expect(token == "1", "the lease was lost and taken again")
            try await fleet.stop()
        }
    }
}
