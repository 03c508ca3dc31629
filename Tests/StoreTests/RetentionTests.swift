import Contracts
import Domain
import Store
import StoreTestKit
import TestKit
import Testing

/// What is old goes; what is needed stays, however old.
@Suite struct RetentionTests {
    private func append(_ database: Database, _ numbers: ClosedRange<Int>, key: String = "k") async throws {
        for number in numbers {
            try await database.transaction { transaction in
                // Of the year 2023.
                try transaction.append(suiteEvent(key, number), on: Channels.suiteEvents)
            }
        }
    }

    private func reader(_ database: Database, _ consumer: String) -> EventReader {
        EventReader(
            database: database,
            settings: .init(consumer: consumer, types: [SuiteEvent.type], pollInterval: .milliseconds(20), batch: 3),
            logger: quiet)
    }

    private func count(_ table: String, in test: TestDatabase) async throws -> Int? {
        Int(try await test.servers.sql("SELECT count(*) FROM \(table)", database: test.name))
    }

    private func sweep(_ rules: [RetentionRule], _ database: Database, batch: Int = 2) async throws -> [Int] {
        var removed: [Int] = []
        for rule in rules {
            removed.append(try await rule.sweep(database, batch: batch, pause: .milliseconds(1)))
        }
        return removed
    }

    private let outbox = RetentionRule.outbox(events: .seconds(14 * 86_400), deadLetters: .seconds(90 * 86_400))

    @Test func `an event stays until the slowest consumer has read it, and is remembered until it is gone`()
        async throws
    {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.marketData)
            try await append(database, 1...10)
            let alerting = test.connect(.alerting)
            let slow = reader(alerting, "slow")
            try await slow.prepare()
            let quick = reader(alerting, "quick")
            var applied = 0
            try await eventually("the quick one has read all", within: .seconds(20)) {
                applied += try await quick.drain { _, _ in }
                return applied == 10 ? true : nil
            }
            try await test.servers.sql("UPDATE consumed_events SET at = '2023-12-01'", database: test.name)
            #expect(try await sweep(outbox, database) == [0, 0, 0])

            applied = 0
            try await eventually("the slow one loses nothing", within: .seconds(20)) {
                applied += try await slow.drain(recordEffect)
                return applied == 10 ? true : nil
            }
            // A younger one stays: it and what is known of it.
            let young = Envelope(
                id: "young", source: "test", at: try await now(database), correlation: "", key: "k",
                data: suiteEvent("k", 11).data)
            try await database.transaction { try $0.append(young, on: Channels.suiteEvents) }
            #expect(try await sweep(outbox, database) == [10, 10, 0])
            #expect(try await count("events", in: test) == 1)
            #expect(try await count("consumed_events", in: test) == 10)
            #expect(try await count("effects", in: test) == 10)
            await alerting.close()
            await database.close()
        }
    }

    private func now(_ database: Database) async throws -> Timestamp {
        let rows = try await database.query("SELECT (extract(epoch FROM now()) * 1000000000)::bigint AS now")
        return try #require(try rows.first?.timestamp("now"))
    }

    @Test func `while events are written, read and removed at once each takes effect once`() async throws {
        try await withTestDatabase { test in
            try await test.servers.sql(effectsTable, database: test.name)
            let database = test.connect(.marketData)
            let alerting = test.connect(.alerting)
            let reader = reader(alerting, "c")
            try await reader.prepare()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await reader.run(recordEffect) }
                group.addTask {
                    while true { _ = try await sweep(outbox, database, batch: 5) }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for key in ["a", "b", "c"] {
                        writers.addTask { try await append(database, 1...60, key: key) }
                    }
                    try await writers.waitForAll()
                }
                try await eventually("all took effect and are gone", within: .seconds(30)) {
                    let left = (try await count("effects", in: test), try await count("events", in: test))
                    return left == (180, 0) ? true : nil
                }
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
            }
            let twice = "SELECT count(*) FROM (SELECT event_id FROM effects GROUP BY event_id HAVING count(*) > 1) AS t"
            #expect(try await test.servers.sql(twice, database: test.name) == "0")
            await alerting.close()
            await database.close()
        }
    }

    @Test func `what led to an order stays for ever, and of a goal's day the last figures`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            let database = test.connect(.riskManager)
            try await test.servers.sql(Self.books, database: test.name)
            let rules = RetentionRule.decisions(.seconds(90 * 86_400), goalProgress: .seconds(90 * 86_400))
            let ages = try await rules.asyncMap { try await $0.oldestAge(database) }
            #expect(ages.allSatisfy { ($0 ?? .zero) > .seconds(95 * 86_400) })
            // Of a hundred old decisions each tenth led to an order; ten young ones stay.
            #expect(try await sweep(rules, database, batch: 7) == [90, 90, 92])
            #expect(try await count("decisions", in: test) == 20)
            #expect(try await count("signals", in: test) == 20)
            #expect(try await count("orders", in: test) == 10)
            let last =
                "SELECT string_agg(to_char(at AT TIME ZONE 'UTC', 'HH24:MI'), ' ' ORDER BY at) FROM goal_progress_history"
            #expect(try await test.servers.sql(last, database: test.name) == "23:59 23:59")
            #expect(try await sweep(rules, database) == [0, 0, 0])
            let left = try await rules.asyncMap { try await $0.oldestAge(database) }
            #expect(left.allSatisfy { ($0 ?? .zero) < .seconds(95 * 86_400) })
            await database.close()
        }
    }

    private static let books = """
        INSERT INTO signals (id, strategy, symbol, timeframe, candle_close_ns, action, price, confidence, reasons, at)
            SELECT 's' || n, 'm', 'BTCUSDT', '1m', n, 'enter', 1, 1, '[]',
                now() - CASE WHEN n > 100 THEN interval '2 days' ELSE interval '100 days' END
            FROM generate_series(1, 110) AS n;
        INSERT INTO decisions (id, signal_id, account, outcome, code, reason, inputs, decided_ns, at)
            SELECT 'd' || substr(id, 2), id, 'a', 'refused', 'test', 'test', '{}', 1, at FROM signals;
        INSERT INTO orders (id, decision_id, account, symbol, side, type, purpose, quantity, reason, correlation, decided_ns)
            SELECT 'o' || n, 'd' || n * 10, 'a', 'BTCUSDT', 'buy', 'market', 'entry', 1, 'test', 'test', 1
            FROM generate_series(1, 10) AS n;
        INSERT INTO financial_goals (id, owner, account, kind, target, start_equity, start_ns, deadline_ns)
            VALUES ('g', 'o', 'a', 'portfolio_value', 1, 1, 1, 2);
        INSERT INTO goal_progress_history (goal_id, at, progress, equity, net_deposits)
            SELECT 'g', day + minute * interval '1 minute', 0, 0, 0
            FROM (VALUES (timestamptz '2023-05-01 00:00Z'), (timestamptz '2023-05-02 00:00Z')) AS days (day),
                generate_series(59, 1439, 30) AS minute
        """

    @Test func `no role removes what is young, and each only what it owns`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            try await test.servers.sql(Self.books, database: test.name)
            let owners: [(DatabaseRole, [SQL])] = [
                (
                    .marketData,
                    [
                        "SELECT remove_old_events('0', 100)", "SELECT remove_old_consumed_events('0', 100)",
                        "SELECT remove_old_dead_letters('0', 100)",
                    ]
                ),
                (
                    .riskManager,
                    [
                        "SELECT remove_old_decisions('0', 1000)", "SELECT remove_old_signals('0', 1000)",
                        "SELECT remove_old_goal_progress('0', 1000)",
                    ]
                ),
            ]
            for (owner, statements) in owners {
                for role in DatabaseRole.allCases {
                    let database = test.connect(role, poolSize: 1)
                    for statement in statements {
                        if role == owner {
                            try await database.query(statement)
                        } else {
                            let error = await #expect(throws: StoreError.self, "\(role): \(statement.text)") {
                                try await database.query(statement)
                            }
                            #expect(error?.code == .notPermitted, "\(role): \(statement.text)")
                        }
                    }
                    await database.close()
                }
            }
            // The ten that are two days old, and those with an order, are still there although nothing was to be kept.
            #expect(try await count("decisions", in: test) == 20)
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Answer>(_ body: (Element) async throws -> Answer) async rethrows -> [Answer] {
        var answers: [Answer] = []
        for element in self { answers.append(try await body(element)) }
        return answers
    }
}
