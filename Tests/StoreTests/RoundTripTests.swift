import Contracts
import Domain
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

/// What goes to the database together, through PgBouncer.
@Suite struct RoundTripTests {
    /// Counts the ways there and back.
    private final class Trips: Sendable {
        private let made = Atomic(0)
        var hooks: StoreHooks {
            var hooks = StoreHooks()
            hooks.queryFinished = { _ in self.made.add(1, ordering: .relaxed) }
            return hooks
        }
        func since(_ start: Int = 0) -> Int { made.load(ordering: .relaxed) - start }
    }

    private static let insert: SQL = "INSERT INTO accounts (id, currency, venue) VALUES ($1, 'USDT', 'paper')"

    private func accounts(_ database: Database) async throws -> [String] {
        try await database.query("SELECT id FROM accounts ORDER BY id").map { try $0.text("id") }
    }

    @Test func `reads, writes and the commit of a transaction make two trips`() async throws {
        try await withTestDatabase { test in
            let trips = Trips()
            let rung = Collected<PendingEvent>()
            let database = test.connect(.riskManager, poolSize: 1, hooks: trips.hooks) { rung.append($0) }
            let answers = try await database.transaction { transaction in
                let answers = try await transaction.queries([
                    Query("SELECT $1::text AS word", ["one"]), Query("SELECT id FROM accounts"),
                    Query("SELECT 'two' AS word UNION ALL SELECT 'three' ORDER BY word"),
                ])
                transaction.later(Self.insert, ["a"])
                try transaction.append(suiteEvent("k", 1), on: Channels.suiteEvents)
                transaction.later(Self.insert, ["b"])
                return answers
            }
            #expect(trips.since() == 2)
            #expect(answers.map(\.count) == [1, 0, 2])
            #expect(try answers[0][0].text("word") == "one")
            #expect(try answers[2].map { try $0.text("word") } == ["three", "two"])
            #expect(try await accounts(database) == ["a", "b"])
            #expect(rung.all.map(\.id) == ["k-1"])
            let before = trips.since()
            try await database.transaction { $0.later(Self.insert, ["c"]) }
            #expect(trips.since(before) == 1)
            try await database.transaction { _ in }
            #expect(trips.since(before) == 1)
            await database.close()
        }
    }

    @Test func `what fails in the middle is told, nothing after it happens, and the connection goes on`() async throws {
        try await withTestDatabase { test in
            let rung = Collected<PendingEvent>()
            let database = test.connect(.riskManager, poolSize: 1) { rung.append($0) }
            // Among the first statements, with BEGIN.
            let early = await #expect(throws: StoreError.self) {
                try await database.transaction { transaction in
                    transaction.later(Self.insert, ["a"])
                    _ = try await transaction.queries([Query("SELECT 1 / 0"), Query(Self.insert, ["b"])])
                }
            }
            #expect(early?.sqlState == "22012")
            // With COMMIT.
            let late = await #expect(throws: StoreError.self) {
                try await database.transaction { transaction in
                    try await transaction.query(Self.insert, ["c"])
                    transaction.later(Self.insert, ["c"])
                    try transaction.append(suiteEvent("k", 1), on: Channels.suiteEvents)
                }
            }
            #expect(late?.code == .uniqueViolation)
            // Swallowed inside: the transaction is over all the same.
            await #expect(throws: StoreError.self) {
                try await database.transaction { transaction in
                    do { try await transaction.query("SELECT 1 / 0") } catch is StoreError {}
                    try await transaction.query(Self.insert, ["d"])
                }
            }
            #expect(try await accounts(database).isEmpty)
            #expect(rung.all.isEmpty)
            try await database.transaction { $0.later(Self.insert, ["e"]) }
            #expect(try await accounts(database) == ["e"])
            await database.close()
        }
    }

    @Test func `what is read in one trip with a lock is read after it`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("main", cash: Money(raw: 0))
            let (one, two) = (test.connect(.riskManager, poolSize: 1), test.connect(.riskManager, poolSize: 1))
            let lock = Query("SELECT 1 FROM accounts WHERE id = 'main' FOR UPDATE")
            let (locked, lockTaken) = AsyncStream<Void>.makeStream()
            let (release, mayGo) = AsyncStream<Void>.makeStream()
            async let holder: Void = one.transaction { transaction in
                _ = try await transaction.queries([lock])
                lockTaken.finish()
                for await _ in release {}
                transaction.later("INSERT INTO event_keys (key, last_sequence) VALUES ('k', 7)")
            }
            for await _ in locked {}
            async let seen = two.transaction { transaction in
                try await transaction.queries([lock, Query("SELECT last_sequence FROM event_keys WHERE key = 'k'")])[1]
            }
            try await eventually("the second waits for the lock") {
                try await test.servers.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(test.name)' AND wait_event_type = 'Lock'")
                    == "1" ? true : nil
            }
            mayGo.finish()
            try await holder
            #expect(try await seen.map { try $0.int64("last_sequence") } == [7])
            await one.close()
            await two.close()
        }
    }

    @Test func `many at once through few server connections get their own answers`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.riskManager, poolSize: 8)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<40 {
                    group.addTask {
                        for number in 0..<20 {
                            let words = (0..<5).map { "\(caller)-\(number)-\($0)" }
                            let fails = number % 5 == 3
                            do {
                                let rows = try await database.transaction { transaction in
                                    let last = Query(fails ? "SELECT 1 / 0" : "SELECT 1")
                                    return try await transaction.queries(
                                        words.map { Query("SELECT $1::text AS word", [$0]) } + [last])
                                }
                                #expect(try rows.prefix(5).map { try $0[0].text("word") } == words && !fails)
                            } catch let error as StoreError {
                                #expect(fails && error.sqlState == "22012")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            await database.close()
        }
    }
}
