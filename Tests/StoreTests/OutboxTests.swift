import Contracts
import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct OutboxTests {
    @Test func `the bell rings after the commit, in order, and not after a rollback`() async throws {
        struct Stop: Error {}
        try await withTestDatabase { test in
            let rung = Collected<PendingEvent>()
            let database = test.connect(.riskManager) { rung.append($0) }
            try await database.transaction { transaction in
                try transaction.append(suiteEvent("a", 1), on: Channels.suiteEvents)
                try transaction.append(suiteEvent("a", 2), on: Channels.suiteEvents)
                #expect(rung.all.isEmpty)
            }
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try transaction.append(suiteEvent("a", 3), on: Channels.suiteEvents)
                    throw Stop()
                }
            }
            try await database.transaction { transaction in
                try transaction.append(suiteEvent("a", 4), on: Channels.suiteEvents)
            }
            let envelopes = try rung.all.map { try MessageCodec.decode($0.bytes, as: SuiteEvent.self) }
            #expect(envelopes.map(\.id) == ["a-1", "a-2", "a-4"])
            #expect(envelopes.map(\.sequence) == [1, 2, 3])
            #expect(Set(rung.all.map(\.channel)) == ["alerts.events"])
            await database.close()
        }
    }

    @Test func `eight writers with random delays before the commit lose nothing and nothing takes effect twice`()
        async throws
    {
        let seed: UInt64 = 20_240_611
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let writers = 8
            let each = 60
            let database = test.connect(.execution, poolSize: writers)
            let readers = (0..<2).map { _ in
                EventReader(
                    database: test.connect(.alerting, poolSize: 2),
                    settings: .init(consumer: "counter", types: [SuiteEvent.type], pollInterval: .milliseconds(20)),
                    logger: quiet)
            }
            let reading = readers.map { reader in Task { try await reader.run(recordEffect) } }
            try await write(database, writers: writers, each: each, seed: seed)
            try await eventually("all effects", within: .seconds(30)) {
                let count = try await database.query("SELECT count(*) AS count FROM effects").first?.int("count")
                return count == writers * each ? true : nil
            }
            for task in reading { task.cancel() }
            let rows = try await database.query(
                "SELECT count(*) AS count, count(DISTINCT event_id) AS distinct_count FROM effects")
            #expect(try rows.first?.int("count") == writers * each, "seed \(seed)")
            #expect(try rows.first?.int("distinct_count") == writers * each, "seed \(seed)")
            await database.close()
        }
    }

    /// Writers meet on three keys; some take their transaction id long before they append, some after.
    private func write(_ database: Database, writers: Int, each: Int, seed: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var random = SeededRandom(seed: seed &+ UInt64(writer))
                    for number in 0..<each {
                        let before = random.next(upperBound: UInt64(8))
                        let after = random.next(upperBound: UInt64(8))
                        try await database.transaction { transaction in
                            if before > 3 { try await transaction.query("SELECT pg_current_xact_id()") }
                            try await Task.sleep(for: .milliseconds(before))
                            var event = suiteEvent("key-\(writer % 3)", writer * 1000 + number)
                            event = Envelope(
                                id: event.id, source: "test", at: event.at, correlation: "", key: event.key,
                                data: event.data)
                            try transaction.append(event, on: Channels.suiteEvents)
                            // Sends the event off, so that it waits for its commit at the server.
                            try await transaction.query("SELECT 1")
                            try await Task.sleep(for: .milliseconds(after))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `one reader applies the events of a key in the order of their commits`() async throws {
        let seed: UInt64 = 7
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution, poolSize: 8)
            let reader = EventReader(
                database: test.connect(.alerting),
                settings: .init(consumer: "ordered", types: [SuiteEvent.type], pollInterval: .milliseconds(10)),
                logger: quiet)
            let reading = Task { try await reader.run(recordEffect) }
            try await write(database, writers: 8, each: 30, seed: seed)
            try await eventually("all effects", within: .seconds(30)) {
                let count = try await database.query("SELECT count(*) AS count FROM effects").first?.int("count")
                return count == 240 ? true : nil
            }
            reading.cancel()
            let rows = try await database.query("SELECT key, sequence FROM effects ORDER BY n")
            var last: [String: Int64] = [:]
            for row in rows {
                let key = try row.text("key")
                let sequence = try row.int64("sequence")
                #expect(sequence == last[key, default: 0] + 1, "key \(key), seed \(seed)")
                last[key] = sequence
            }
            await database.close()
        }
    }

    @Test func `an earlier number that lies later in the table is pulled first`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await writeOutOfOrder(database)
            let reader = EventReader(
                database: database, settings: .init(consumer: "puller", types: [SuiteEvent.type]), logger: quiet)
            var applied = 0
            try await eventually("both effects") {
                applied += try await reader.drain(recordEffect)
                return applied >= 2 ? true : nil
            }
            #expect(applied == 2)
            let rows = try await database.query("SELECT event_id FROM effects ORDER BY n")
            #expect(try rows.map { try $0.text("event_id") } == ["k-1", "k-2"])
            let table = try await database.query("SELECT id FROM events ORDER BY events.xid, events.seq")
            #expect(try table.map { try $0.text("id") } == ["k-2", "k-1"])
            #expect(try await reader.drain(recordEffect) == 0)
            await database.close()
        }
    }

    /// The second transaction has the older id and the later number.
    private func writeOutOfOrder(_ database: Database) async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (written, finish) = AsyncStream<Void>.makeStream()
        async let early: Void = database.transaction { transaction in
            try await transaction.query("SELECT pg_current_xact_id()")
            start.yield()
            for await _ in written { break }
            try transaction.append(suiteEvent("k", 2), on: Channels.suiteEvents)
        }
        for await _ in started { break }
        try await database.transaction { transaction in
            try transaction.append(suiteEvent("k", 1), on: Channels.suiteEvents)
        }
        finish.yield()
        try await early
    }
}
