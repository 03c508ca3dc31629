import Contracts
import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct EventReaderTests {
    private func append(_ database: Database, _ numbers: ClosedRange<Int>, key: String = "k") async throws {
        for number in numbers {
            try await database.transaction { transaction in
                try transaction.append(suiteEvent(key, number), on: Channels.suiteEvents)
            }
        }
    }

    private func effects(_ database: Database) async throws -> [String] {
        try await database.query("SELECT event_id FROM effects ORDER BY n").map { try $0.text("event_id") }
    }

    private func reader(
        _ database: Database, attempts: Int = 3, start: EventReader.Start = .beginning, batch: Int = 500,
        hooks: StoreHooks = StoreHooks()
    ) -> EventReader {
        EventReader(
            database: database,
            settings: .init(
                consumer: "c", types: [SuiteEvent.type], start: start, pollInterval: .milliseconds(20), batch: batch,
                attempts: attempts), hooks: hooks, logger: quiet)
    }

    /// Until so many events took effect: transactions of other tests on the servers hold the horizon back for a while.
    private func drain(_ reader: EventReader, until count: Int, _ handler: @escaping EventReader.Handler) async throws
        -> Int
    {
        var applied = 0
        return try await eventually("\(count) effects", within: .seconds(20)) {
            applied += try await reader.drain(handler)
            return applied >= count ? applied : nil
        }
    }

    @Test func `a consumer killed between effect and commit has no effect, and the next one has one`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await append(database, 1...3)
            let killed = Collected<Int>()
            let first = reader(test.connect(.alerting))
            await #expect(throws: StoreError.self) {
                _ = try await drain(first, until: 3) { event, transaction in
                    try await recordEffect(event, transaction)
                    guard event.id == "k-2" else { return }
                    let pid = try await transaction.query("SELECT pg_backend_pid() AS pid").first?.int("pid") ?? 0
                    try await test.servers.sql("SELECT pg_terminate_backend(\(pid))")
                    killed.append(pid)
                }
            }
            #expect(killed.all.count == 1)
            #expect(try await effects(database) == ["k-1"])
            let second = reader(test.connect(.alerting))
            #expect(try await drain(second, until: 2, recordEffect) == 2)
            #expect(try await effects(database) == ["k-1", "k-2", "k-3"])
            await database.close()
        }
    }

    @Test func `a poison event goes to the dead letters and the others go on`() async throws {
        struct Poison: Error {}
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await append(database, 1...4)
            let tries = Collected<String>()
            let buried = Collected<String>()
            var hooks = StoreHooks()
            hooks.deadLettered = { buried.append($0) }
            let reader = reader(test.connect(.alerting), attempts: 3, hooks: hooks)
            let applied = try await drain(reader, until: 3) { event, transaction in
                tries.append(event.id)
                try await recordEffect(event, transaction)
                if event.id == "k-2" { throw Poison() }
            }
            #expect(applied == 3)
            #expect(tries.all == ["k-1", "k-2", "k-2", "k-2", "k-3", "k-4"])
            #expect(try await effects(database) == ["k-1", "k-3", "k-4"])
            #expect(buried.all == ["c"])
            let letters = try await database.query("SELECT consumer, event_id, error FROM dead_letters")
            #expect(letters.count == 1)
            #expect(try letters.first?.text("event_id") == "k-2")
            #expect(try letters.first?.text("error") == "Poison()")
            await database.close()
        }
    }

    @Test func `an event that fails at first is applied once`() async throws {
        struct Hiccup: Error {}
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await append(database, 1...1)
            let tries = Collected<String>()
            let applied = try await drain(reader(database), until: 1) { event, transaction in
                tries.append(event.id)
                try await recordEffect(event, transaction)
                if tries.all.count < 3 { throw Hiccup() }
            }
            #expect(applied == 1)
            #expect(try await effects(database) == ["k-1"])
            await database.close()
        }
    }

    @Test func `a consumer that starts now sees nothing older and all that is newer`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await append(database, 1...3)
            let reader = reader(test.connect(.alerting), start: .now)
            try await reader.prepare()
            try await append(database, 4...5)
            try await append(database, 1...1, key: "other")
            #expect(try await drain(reader, until: 3, recordEffect) == 3)
            #expect(try await effects(database) == ["k-4", "k-5", "other-1"])
            await database.close()
        }
    }

    @Test func `types that are not wanted move the cursor and are never seen`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            try await append(database, 1...5)
            let goal = Envelope(
                id: "goal", source: "test", at: .zero, correlation: "", key: "k",
                data: GoalProgressed(goalID: "g", account: "a", progress: .one, equity: .zero))
            try await database.transaction { transaction in
                try transaction.append(goal, on: Channels.goals)
            }
            try await append(database, 6...6)
            let reader = EventReader(
                database: database, settings: .init(consumer: "goals", types: [GoalProgressed.type], batch: 2),
                logger: quiet)
            let seen = Collected<Envelope<GoalProgressed>>()
            let applied = try await drain(reader, until: 1) { event, _ in seen.append(try event.envelope()) }
            #expect(applied == 1)
            #expect(seen.all.map(\.data) == [goal.data])
            #expect(seen.all.map(\.sequence) == [6])
            #expect(try await reader.drain { _, _ in } == 0)
            await database.close()
        }
    }

    @Test func `lag is told before and after reading`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.execution)
            let lags = Collected<Int>()
            var hooks = StoreHooks()
            hooks.consumerLag = { _, events, _ in lags.append(events) }
            try await append(database, 1...3)
            let reader = reader(database, hooks: hooks)
            try await eventually("no lag") {
                try await reader.drain(recordEffect)
                return lags.all.last == 0 ? true : nil
            }
            #expect(try await effects(database).count == 3)
            await database.close()
        }
    }

    @Test func `a reader rung through the bell needs no poll`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let reader = EventReader(
                database: test.connect(.alerting),
                settings: .init(consumer: "c", types: [SuiteEvent.type], pollInterval: .seconds(600)), logger: quiet)
            let database = test.connect(.execution) { _ in reader.ring() }
            let reading = Task { try await reader.run(recordEffect) }
            try await eventually("the first look") {
                try await database.query("SELECT 1 FROM cursors").isEmpty ? nil : true
            }
            try await append(database, 1...3)
            try await eventually("the effects") { try await effects(database).count == 3 ? true : nil }
            reading.cancel()
            await #expect(throws: CancellationError.self) { try await reading.value }
            await database.close()
        }
    }
}
