import AlertingCore
import Domain
import Logging
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// Where records go while Postgres comes and goes, and what a new leader may rely on.
@Suite(.timeLimit(.minutes(2)))
struct JournalTests {
    private func record(_ name: String) -> Record {
        let now = SystemClock().now()
        return .alert(
            Alert(
                labels: Labels(["alertname": name]), annotations: .none, startsAt: now, endsAt: now + .minutes(5),
                updatedAt: now, endIsTimeout: false, generatorURL: "", kind: .condition))
    }

    @Test func `a Postgres that answers and keeps nothing is away, and nobody waits for it`() async throws {
        try await withTestDatabase { database in
            var settings = database.settings(.alerting, poolSize: 4)
            settings.answerTimeout = .seconds(1)
            let pool = Database(settings: settings)
            let store = AlertStore(database: pool, writer: "test")
            let journal = Journal(
                store: store, spool: try Spool(folder: try Scratch.folder()),
                figures: AlertingFigures(Metrics(), kinds: []), logger: Logger(label: "journal"))
            let running = Task { try await journal.run() }
            try await eventually("it writes to the books") { journal.isDirect ? true : nil }
            #expect(journal.awayFor == nil)
            let other = database.connect(.alerting, poolSize: 1)
            try await other.transaction { transaction in
                try await transaction.execute("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE")
                #expect(try await journal.write([record("first")]) == .spool)
                let began = ContinuousClock.now
                for number in 1...20 {
                    #expect(try await journal.write([record("\(number)")]) == .spool)
                    // Also so that the lock's holder is not cut off for being idle.
                    try await transaction.query("SELECT pg_sleep(0.1)")
                }
                #expect(ContinuousClock.now - began < .seconds(4), "none waits for what is played back")
                try await eventually("it is away for longer than a moment") {
                    journal.awayFor.map { $0 > .seconds(3) ? true : nil } ?? nil
                }
            }
            try await eventually("it is back", within: .seconds(20)) {
                journal.isDirect && journal.awayFor == nil ? true : nil
            }
            #expect(try await store.load().alerts.count == 21)
            running.cancel()
            try await running.value
            await other.close()
            await pool.close()
        }
    }

    @Test func `whoever begins to lead can tell that the spool was begun meanwhile, though it is empty again`()
        async throws
    {
        let servers = try await TestServers.own()
        let database = try await TestDatabase.make(on: servers)
        let pool = database.connect(.alerting, poolSize: 1)
        let store = AlertStore(database: pool, writer: "test")
        let journal = Journal(
            store: store, spool: try Spool(folder: try Scratch.folder()),
            figures: AlertingFigures(Metrics(), kinds: []), logger: Logger(label: "journal"))
        let running = Task { try await journal.run() }
        let before = try await eventually("it writes to the books") { journal.era }
        #expect(try await journal.barrier() == .books && journal.era == before)
        #expect(try await journal.write([record("kept")]) == .books)
        try await servers.kill(.postgres)
        #expect(try await journal.write([record("spooled")]) == .spool)
        #expect(journal.era == nil)
        #expect(try await journal.barrier() == .spool)
        try await servers.start(.postgres)
        let after = try await eventually("it writes to the books again", within: .seconds(20)) { journal.era }
        #expect(after != before, "what was read before and after is not one state")
        #expect(try await journal.barrier() == .books)
        #expect(try await store.load().alerts.count == 2)
        running.cancel()
        try await running.value
        await pool.close()
        try await servers.down()
    }
}
