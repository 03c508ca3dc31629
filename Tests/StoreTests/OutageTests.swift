import Contracts
import Store
import StoreTestKit
import TestKit
import Testing

/// On servers of its own, which are killed.
@Suite(.serialized) struct OutageTests {
    @Test func `killed servers are trouble with the connection, and their return needs nothing done`() async throws {
        let servers = try await TestServers.own()
        do {
            let test = try await TestDatabase.make(on: servers)
            try await servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            let reader = EventReader(
                database: test.connect(.alerting),
                settings: .init(consumer: "c", types: [SuiteEvent.type], pollInterval: .milliseconds(50)),
                logger: quiet)
            let reading = Task { try await reader.run(recordEffect) }
            for (number, server) in [TestServers.Server.postgres, .pgbouncer].enumerated() {
                try await survive(server, number + 1, database, servers)
            }
            for server in [TestServers.Server.pgbouncer, .postgres] { try await hang(server, test, servers) }
            reading.cancel()
            let rows = try await database.query("SELECT event_id FROM effects ORDER BY n")
            #expect(try rows.map { try $0.text("event_id") } == ["k-1", "k-2"])
            await database.close()
        } catch {
            try await servers.down()
            throw error
        }
        try await servers.down()
    }

    /// A frozen server holds nobody who waits no longer, and what is asked after it is answered.
    private func hang(_ server: TestServers.Server, _ test: TestDatabase, _ servers: TestServers) async throws {
        let database = test.connect(.execution, poolSize: 2)
        try await database.query("SELECT 1")
        try await servers.freeze(server)
        let asking = Task {
            try await database.transaction { try await $0.query("SELECT pg_sleep(0)") }
        }
        // Until it waits for the answer; cancelled sooner, nothing would be asked.
        try await Task.sleep(for: .milliseconds(200))
        let started = ContinuousClock.now
        asking.cancel()
        await #expect(throws: CancellationError.self, "\(server)") { try await asking.value }
        #expect(ContinuousClock.now - started < .seconds(3), "\(server)")
        try await servers.thaw(server)
        try await eventually("\(server) answers again") { () -> Bool? in
            // While it is away that is what is thrown.
            guard let row = try? await database.query("SELECT 7 AS seven").first else { return nil }
            return try row.int("seven") == 7 ? true : nil
        }
        await database.close()
    }

    private func survive(
        _ server: TestServers.Server, _ number: Int, _ database: Database, _ servers: TestServers
    ) async throws {
        try await servers.kill(server)
        for _ in 0..<2 {
            let error = await #expect(throws: StoreError.self) { try await database.query("SELECT 1") }
            #expect(error?.isConnectionTrouble == true, "\(server): \(String(describing: error))")
        }
        try await servers.start(server)
        try await eventually("an event after the return of \(server)", within: .seconds(20)) {
            do {
                try await database.transaction { transaction in
                    try transaction.append(suiteEvent("k", number), on: Channels.suiteEvents)
                }
                return true
            } catch let error as StoreError where error.isConnectionTrouble {
                return nil
            }
        }
        try await eventually("its effect", within: .seconds(20)) {
            let rows = try await database.query("SELECT count(*) AS count FROM effects")
            return try rows.first?.int("count") == number ? true : nil
        }
    }
}
