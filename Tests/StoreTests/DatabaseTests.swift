import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct DatabaseTests {
    @Test func `values go in and come out as they are`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.riskManager)
            let price = Price(raw: 842)
            let money = Money(raw: Int128(Int64.max) * 1000 + 7)
            let rows = try await database.query(
                """
                SELECT $1::numeric(28, 8) AS price, $2::numeric(38, 8) AS money, $3::bigint AS time, $4::boolean AS yes,
                    $5::text AS words, $6::text AS nothing, now() AS at, $7::text[] AS list, $8::numeric AS ratio
                """,
                [
                    price, money, Timestamp(seconds: 1_700_000_000), true, "it's \"quoted\" \\ ünd", nil,
                    BoundArray(["a\"b", nil, "c\\d"]), Ratio(1, over: 8),
                ])
            let row = try #require(rows.first)
            #expect(try row.price("price") == price)
            #expect(try row.money("money") == money)
            #expect(try row.timestamp("time") == Timestamp(seconds: 1_700_000_000))
            #expect(try row.bool("yes"))
            #expect(try row.text("words") == "it's \"quoted\" \\ ünd")
            #expect(try row.optional("nothing", as: String.self) == nil)
            #expect(try row.wallTime("at") > Timestamp(seconds: 1_700_000_000))
            #expect(try row.text("list") == #"{"a\"b",NULL,"c\\d"}"#)
            #expect(try row.ratio("ratio") == Ratio(1, over: 8))
            await database.close()
        }
    }

    @Test func `a column that cannot be read is named`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.strategy)
            let row = try #require(try await database.query("SELECT 'x' AS amount, NULL AS nothing").first)
            for (column, words) in [
                ("amount", "holds no Money"), ("nothing", "is null"), ("other", "is not in the result"),
            ] {
                let error = #expect(throws: StoreError.self) { try row.money(column) }
                #expect(error?.code == .unexpectedResult)
                #expect(error?.message == "column \(column) \(words)")
            }
            await database.close()
        }
    }

    @Test func `what is thrown in a transaction undoes it`() async throws {
        struct Stop: Error {}
        try await withTestDatabase { test in
            let database = test.connect(.riskManager)
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try await transaction.query(
                        "INSERT INTO accounts (id, currency, venue) VALUES ('a', 'USDT', 'paper')")
                    throw Stop()
                }
            }
            let rows = try await database.query("SELECT 1 FROM accounts")
            #expect(rows.isEmpty)
            await database.close()
        }
    }

    @Test func `a swallowed failure does not pass for a commit`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.riskManager)
            await #expect(throws: StoreError.self) {
                try await database.transaction { transaction in
                    try await transaction.query(
                        "INSERT INTO accounts (id, currency, venue) VALUES ('a', 'USDT', 'paper')")
                    _ = try? await transaction.query("SELECT 1 / 0")
                }
            }
            let rows = try await database.query("SELECT 1 FROM accounts")
            #expect(rows.isEmpty)
            await database.close()
        }
    }

    @Test func `a refusal names the constraint and never the value`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.riskManager)
            let insert: SQL = "INSERT INTO accounts (id, currency, venue, state) VALUES ($1, 'USDT', 'paper', $2)"
            try await database.query(insert, ["canary-1", "running"])
            let twice = await #expect(throws: StoreError.self) {
                try await database.query(insert, ["canary-1", "running"])
            }
            #expect(twice?.code == .uniqueViolation)
            #expect(twice?.description.contains("accounts_pkey") == true)
            let state = await #expect(throws: StoreError.self) {
                try await database.query(insert, ["x", "canary-2"])
            }
            #expect(state?.code == .constraintViolation)
            let malformed = await #expect(throws: StoreError.self) {
                try await database.query("SELECT $1::bigint", ["canary-3"])
            }
            #expect(malformed?.code == .invalidValue)
            for error in [twice, state, malformed] {
                #expect(error?.description.contains("canary") == false)
                #expect(error?.isConnectionTrouble == false)
            }
            await database.close()
        }
    }

    @Test func `a wrong password is trouble with the connection, and is not shown`() async throws {
        try await withTestDatabase { test in
            var settings = test.settings(.strategy)
            settings.password = "canary-password"
            let database = Database(settings: settings)
            let error = await #expect(throws: StoreError.self) { try await database.query("SELECT 1") }
            #expect(error?.isConnectionTrouble == true)
            #expect(error?.description.contains("canary") == false)
            var shown = ""
            dump(settings, to: &shown)
            #expect(!"\(settings) \(String(reflecting: settings)) \(shown)".contains("canary"))
            await database.close()
        }
    }

    @Test func `cancelling the task cancels the statement at the server`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.execution, poolSize: 1)
            let task = Task { try await database.query("SELECT pg_sleep(8)") }
            let running =
                "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(8)' AND state = 'active'"
            try await eventually("the server is at it", within: .seconds(6)) {
                try await test.servers.sql(running, database: test.name) == "1" ? true : nil
            }
            let started = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await database.query("SELECT 1 AS one").first?.int("one") == 1)
            #expect(ContinuousClock.now - started < .seconds(4))
            await database.close()
        }
    }

    @Test func `a statement's limit holds inside the transaction only`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.execution, poolSize: 1)
            let error = await #expect(throws: StoreError.self) {
                try await database.transaction { transaction in
                    transaction.limitStatements(to: .milliseconds(50))
                    try await transaction.query("SELECT pg_sleep(5)")
                }
            }
            #expect(error?.code == .timedOut)
            #expect(error?.isConnectionTrouble == false)
            let row = try await database.query("SELECT current_setting('statement_timeout') AS it").first
            #expect(try row?.text("it") == "10s")
            await database.close()
        }
    }

    @Test func `the pool is bounded, and waiting for it too`() async throws {
        try await withTestDatabase { test in
            var settings = test.settings(.execution, poolSize: 2)
            settings.waitLimit = .milliseconds(150)
            var hooks = StoreHooks()
            let lent = Collected<Int>()
            hooks.poolChanged = { _, busy, _ in lent.append(busy) }
            let database = Database(settings: settings, hooks: hooks)
            let busy = (0..<2).map { _ in Task { try await database.query("SELECT pg_sleep(1)") } }
            try await eventually("both are lent") { lent.all.last == 2 ? true : nil }
            let error = await #expect(throws: StoreError.self) { try await database.query("SELECT 1") }
            #expect(error?.code == .poolExhausted)
            #expect(error?.isConnectionTrouble == true)
            for task in busy { _ = try await task.value }
            #expect(try await database.query("SELECT 1 AS one").count == 1)
            await database.close()
        }
    }

    @Test func `many callers share few connections`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.execution, poolSize: 3)
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...200 {
                    group.addTask {
                        try await database.query("SELECT $1::int AS number", [number]).first?.int("number") ?? 0
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 20_100)
            await database.close()
        }
    }
}
