import Contracts
import Domain
import RiskManagerCore
import ServiceKit
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

@testable import RiskManagerApp

/// The transactions, each against a real database through PgBouncer.
struct BooksTests {
    @Test func `accounts and their first deposit are made once`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            for _ in 0..<3 { try await books.ensure([floor.account]) }
            #expect(try await floor.value("cash || ' ' || deposits FROM accounts") == "10000.00000000 10000.00000000")
            #expect(try await floor.count("account_transfers") == 1)
            let moved = RiskSettings.Account(
                id: "main", venue: "binance", currency: "USDT", deposit: .zero, strategies: [], policy: floor.policy)
            await #expect(throws: RiskBooks.AccountConflict.self) { try await books.ensure([moved]) }
            await database.close()
        }
    }

    @Test func `the same signal makes one decision, one order and one event`() async throws {
        try await withFloor { floor in
            let (one, two) = (floor.database.connect(.riskManager), floor.database.connect(.riskManager))
            let (left, right) = (floor.books(one), floor.books(two))
            try await left.ensure([floor.account])
            let signal = floor.signal(floor.symbols[0])
            await withTaskGroup(of: Void.self) { group in
                for books in [left, right, left, right] {
                    group.addTask { _ = try? await books.decide(signal, account: "main") }
                }
            }
            guard case .decidedBefore = try await left.decide(signal, account: "main") else {
                Issue.record("decided twice")
                return
            }
            #expect(try await floor.count("decisions") == 1)
            #expect(try await floor.count("signals") == 1)
            #expect(try await floor.count("orders WHERE state = 'approved' AND reserved > 0") == 1)
            #expect(try await floor.count("events WHERE type = 'order.approved'") == 1)
            #expect(try await floor.value("decision_id = (SELECT id FROM decisions) FROM orders") == "t")
            await one.close()
            await two.close()
        }
    }

    @Test func `a decision makes two round trips to the database`() async throws {
        try await withFloor { floor in
            let trips = Mutex(0)
            var hooks = StoreHooks()
            hooks.queryFinished = { _ in trips.withLock { $0 += 1 } }
            let database = floor.database.connect(.riskManager, hooks: hooks)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            // The first one of a minute looks at the losses too.
            _ = try await books.decide(floor.signal(floor.symbols[0]), account: "main")
            let before = trips.withLock { $0 }
            _ = try await books.decide(floor.signal(floor.symbols[1]), account: "main")
            #expect(trips.withLock { $0 } - before == 2)
            #expect(try await floor.count("orders") == 2)
            await database.close()
        }
    }

    @Test func `concurrent signals of several processes never exceed a cap`() async throws {
        try await withFloor(markets: 12) { floor in
            let connections = (0..<3).map { _ in floor.database.connect(.riskManager) }
            let all = connections.map { floor.books($0) }
            try await all[0].ensure([floor.account])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, symbol) in floor.symbols.enumerated() {
                    for books in all {
                        group.addTask { _ = try await books.decide(floor.signal(symbol), account: "main") }
                    }
                    _ = index
                }
                try await group.waitForAll()
            }
            #expect(try await floor.count("decisions") == 12)
            #expect(try await floor.value("sum(reserved) <= 8000 FROM orders") == "t")
            #expect(try await floor.value("max(reserved) <= 2000 FROM orders") == "t")
            #expect(try await floor.count("orders") == 4)
            #expect(try await floor.count("decisions WHERE code = 'exposure_limit'") == 8)
            for connection in connections { await connection.close() }
        }
    }

    @Test func `a refusal is a row with its numbers and an event with its code`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            let late = floor.signal(floor.symbols[0], at: floor.close - .minutes(2))
            _ = try await books.decide(late, account: "main")
            #expect(try await floor.value("code FROM decisions") == "expired")
            #expect(try await floor.value("inputs->'account'->>'equity' FROM decisions") == "10000")
            #expect(try await floor.value("body->>'code' FROM events WHERE type = 'signal.refused'") == "expired")
            let reports = try await books.decisions(signal: late.id, order: nil, account: nil, limit: 5)
            #expect(reports.map(\.code) == ["expired"])
            await database.close()
        }
    }

    @Test func `an exit waits for its entry and is taken up from the books`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            let symbol = floor.symbols[0]
            _ = try await books.decide(floor.signal(symbol), account: "main")
            let exit = floor.signal(symbol, .exit, at: floor.close + .minutes(1))
            guard case .deferred = try await books.decide(exit, account: "main") else {
                Issue.record("not deferred")
                return
            }
            let waiting = try await books.undecided(account: "main", strategies: [floor.strategy])
            #expect(waiting == [exit])
            try await floor.database.servers.sql(
                "UPDATE orders SET state = 'filled', reserved = 0", database: floor.database.name)
            try await floor.open(symbol, "2")
            _ = try await books.decide(exit, account: "main")
            #expect(try await floor.value("quantity FROM orders WHERE purpose = 'exit'") == "2.00000000")
            #expect(try await books.undecided(account: "main", strategies: [floor.strategy]).isEmpty)
            await database.close()
        }
    }

    @Test func `an exit that was sold only in part is tried again for what is left`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            try await floor.open(floor.symbols[0], "2")
            _ = try await books.decide(floor.signal(floor.symbols[0], .exit), account: "main")
            // The venue sold half and let the rest expire.
            try await floor.database.servers.sql(
                """
                UPDATE orders SET state = 'cancelled', filled_quantity = 0.5, updated_at = now() - interval '1 hour';
                UPDATE positions SET quantity = 1.5
                """, database: floor.database.name)
            for _ in 0..<3 { _ = try await books.tend("main") }
            #expect(
                try await floor.value("string_agg(quantity::text, ' ') FROM orders WHERE purpose = 'flatten'")
                    == "1.50000000")
            try await floor.database.servers.sql(
                """
                UPDATE orders SET state = 'filled', filled_quantity = quantity, updated_at = now() - interval '1 hour'
                WHERE purpose = 'flatten';
                UPDATE positions SET quantity = 0, is_open = false
                """, database: floor.database.name)
            _ = try await books.tend("main")
            #expect(try await floor.count("orders") == 2)
            await database.close()
        }
    }

    @Test func `what the one before did under the lock is seen by the one who waited for it`() async throws {
        try await withFloor { floor in
            let (one, two) = (floor.database.connect(.riskManager), floor.database.connect(.riskManager))
            let (first, second) = (floor.books(one), floor.books(two))
            try await first.ensure([floor.account])
            let waiting = try await one.transaction { transaction in
                _ = try await first.lock("main", transaction)
                let waiting = Task {
                    try await two.transaction { try await second.lock("main", $0).snapshot.breaches.count }
                }
                try await eventually("somebody waits for the account") {
                    try await floor.value(
                        """
                        count(*) > 0 FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """) == "t" ? true : nil
                }
                try await transaction.execute(
                    """
                    INSERT INTO limit_breaches (id, account, limit_name, loss, allowed, since_ns, action, reason)
                    VALUES ('b', 'main', 'drawdown', 0.2, 0.1, 1, 'refuse', 'test')
                    """)
                return waiting
            }
            #expect(try await waiting.value == 1)
            await one.close()
            await two.close()
        }
    }

    @Test func `an exit that the venue refused is tried again while its position is there`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            for (index, symbol) in floor.symbols.enumerated() {
                try await floor.open(symbol, "2", id: "pos-\(index)")
            }
            let exit = floor.signal(floor.symbols[0], .exit)
            _ = try await books.decide(exit, account: "main")
            _ = try await books.tend("main")
            #expect(try await floor.count("orders WHERE purpose = 'flatten'") == 0)
            func refuse(_ ago: String) async throws {
                try await floor.database.servers.sql(
                    "UPDATE orders SET state = 'rejected', updated_at = now() - interval '\(ago)'",
                    database: floor.database.name)
            }
            try await refuse("1 second")
            for _ in 1...2 { _ = try await books.tend("main") }
            #expect(
                try await floor.value("string_agg(symbol, ' ') FROM orders WHERE purpose = 'flatten'")
                    == floor.symbols[0].name)
            try await refuse("0 seconds")
            _ = try await books.tend("main")
            #expect(try await floor.count("orders WHERE purpose = 'flatten'") == 1)
            for _ in 1...12 {
                try await refuse("6 minutes")
                _ = try await books.tend("main")
            }
            #expect(try await floor.count("orders WHERE purpose = 'flatten'") == 13, "it is never given up")
            try await refuse("2 minutes")
            _ = try await books.tend("main")
            #expect(try await floor.count("orders WHERE purpose = 'flatten'") == 13, "but asked ever more seldom")
            try await floor.database.servers.sql(
                "UPDATE positions SET unsellable = 'too small'", database: floor.database.name)
            try await refuse("6 minutes")
            _ = try await books.tend("main")
            #expect(try await floor.count("orders WHERE purpose = 'flatten'") == 13, "dust waits")
            await database.close()
        }
    }

    @Test func `an entry whose time ran out is given up, and what was claimed is not`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            for symbol in floor.symbols { _ = try await books.decide(floor.signal(symbol), account: "main") }
            try await floor.database.servers.sql(
                "UPDATE orders SET state = 'submitting' WHERE symbol = '\(floor.symbols[0])'",
                database: floor.database.name)
            let late = floor.close + .seconds(31)
            books.market.note(floor.symbols[0], [PricePoint(price: price("100"), time: late)])
            _ = try await books.tend("main")
            #expect(try await floor.value("string_agg(state, ',' ORDER BY symbol) FROM orders") == "submitting,expired")
            #expect(try await floor.count("orders WHERE state = 'expired' AND reserved = 0") == 1)
            #expect(try await floor.count("events WHERE type = 'order.changed'") == 1)
            await database.close()
        }
    }

    @Test func `marks are kept, and money moved leaves them where they are`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            try await floor.open(floor.symbols[0], "10")
            func say(_ text: String, after seconds: Int64) {
                books.market.note(
                    floor.symbols[0], [PricePoint(price: price(text), time: floor.close + .seconds(seconds))])
            }
            say("150", after: 10)
            _ = try await books.tend("main")
            #expect(try await floor.value("peak_profit FROM accounts") == "1000.00000000", "100 before the minute")
            say("35", after: 70)
            let before = try #require(try await books.tend("main").performance)
            #expect(try await floor.value("peak_profit FROM accounts") == "1500.00000000")
            #expect(before.drawdown == ratio("0.1"))
            let deposit = RiskBooks.Transfer(
                id: "t", account: "main", kind: .deposit, amount: money("50000"), note: "")
            for _ in 0..<2 { try await books.transfer(deposit) }
            let after = try #require(try await books.tend("main").performance)
            #expect(after.equity == before.equity + money("50000"))
            #expect(after.drawdown.distance(to: before.drawdown) < 10)
            let tooMuch = RiskBooks.Transfer(
                id: "u", account: "main", kind: .withdrawal, amount: money("90000"), note: "")
            await #expect(throws: RiskBooks.TransferRefused.moreThanFreeCash(free: money("60000"))) {
                try await books.transfer(tooMuch)
            }
            #expect(try await floor.count("account_transfers") == 2)
            await database.close()
        }
    }

    @Test func `a goal is followed, reached and told`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            let draft = RiskBooks.GoalDraft(
                id: "g", owner: "me", account: "main", kind: .portfolioValue, target: money("11000"),
                deadline: floor.close + .days(30))
            for _ in 0..<2 { _ = try await books.create(draft) }
            try await floor.open(floor.symbols[0], "10")
            for value in ["50", "51", "110"] {
                books.market.note(floor.symbols[0], [PricePoint(price: price(value), time: floor.close)])
                _ = try await books.tend("main")
            }
            #expect(try await floor.value("state FROM financial_goals") == "reached")
            #expect(
                try await floor.value("count(*) || ' ' || max(progress) FROM goal_progress_history") == "1 0.50000000")
            #expect(try await floor.count("events WHERE type = 'goal.progressed'") == 1)
            #expect(try await floor.count("events WHERE body->>'kind' = 'goal_reached'") == 1)
            #expect(
                try await floor.value("string_agg(change, ',' ORDER BY id) FROM goal_adjustment_log")
                    == "created,state")
            await database.close()
        }
    }

    @Test func `monthly goals are followed in per cent and in money, and end or change with a line in their log`()
        async throws
    {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            for (id, kind, target) in [("r", Goal.Kind.monthlyReturn, "5"), ("i", .monthlyIncome, "1000")] {
                _ = try await books.create(
                    RiskBooks.GoalDraft(
                        id: id, owner: "me", account: "main", kind: kind, target: money(target), deadline: nil))
            }
            try await floor.open(floor.symbols[0], "10")
            books.market.note(floor.symbols[0], [PricePoint(price: price("25"), time: floor.close)])
            let goals = try await books.tend("main").goals
            #expect(goals.map(\.goal.id) == ["i", "r"])
            // 250 of 1000, and 2.5 % of 5 %; the month has 16 of its 30 days left.
            #expect(goals.map(\.progress) == [ratio("0.25"), ratio("0.5")])
            #expect(goals.allSatisfy { $0.elapsed < ratio("0.01") })
            _ = try await books.adjust("r", target: money("2.5"), deadline: nil, by: "me", reason: "too much")
            _ = try await books.withdraw("i", by: "me", reason: "another plan")
            await #expect(throws: RiskBooks.GoalRefused.notActive("withdrawn")) {
                try await books.adjust("i", target: money("2"), deadline: nil, by: "me")
            }
            _ = try await books.tend("main")
            #expect(
                try await floor.value("string_agg(id || state, ' ' ORDER BY id) FROM financial_goals")
                    == "iwithdrawn rreached")
            #expect(
                try await floor.value(
                    "string_agg(goal_id || ' ' || change || ' ' || new_value, '; ' ORDER BY id) FROM goal_adjustment_log WHERE change <> 'created'"
                ) == "r target 2.5: too much; i state withdrawn: another plan; r state reached")
            await database.close()
        }
    }

    @Test func `a goal in another currency is converted at the stated rate, which is kept, or refused`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let pair = ConversionRates.Pair(from: "EUR", to: "USDT")
            let books = floor.books(database, rates: ConversionRates([pair: ratio("1.08")]))
            try await books.ensure([floor.account])
            func draft(_ id: String, _ currency: String, _ kind: Goal.Kind = .portfolioValue) -> RiskBooks.GoalDraft {
                RiskBooks.GoalDraft(
                    id: id, owner: "me", account: "main", kind: kind, target: money("12000"), currency: currency,
                    deadline: floor.close + .days(30))
            }
            let made = try await books.create(draft("g", "EUR"))
            #expect(made.goal.target == money("12960"))
            #expect(made.statedTarget == money("12000"))
            #expect(try await books.create(draft("g", "EUR")).goal == made.goal)
            let changed = try await books.adjust("g", target: money("13000"), deadline: nil, by: "me")
            #expect(changed.goal.target == money("14040"))
            #expect(
                try await floor.value("string_agg(new_value, '; ' ORDER BY id) FROM goal_adjustment_log").contains(
                    "13000 EUR at 1.08 = 14040"))
            await #expect(throws: RiskBooks.GoalRefused.noRate(from: "CHF", to: "USDT")) {
                try await books.create(draft("h", "CHF"))
            }
            await #expect(throws: RiskBooks.GoalRefused.percentHasNoCurrency) {
                try await books.create(draft("i", "EUR", .monthlyReturn))
            }
            #expect(try await books.create(draft("k", "USDT")).rate == .one)
            await database.close()
        }
    }

    @Test func `a monthly goal begins again with the month`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            _ = try await books.create(
                RiskBooks.GoalDraft(
                    id: "g", owner: "me", account: "main", kind: .monthlyIncome, target: money("1000"),
                    deadline: floor.close + .days(300)))
            try await floor.open(floor.symbols[0], "10")
            books.market.note(
                floor.symbols[0], [PricePoint(price: price("20"), time: CivilDay(year: 2023, month: 12, day: 3).start)])
            _ = try await books.tend("main")
            #expect(try await floor.value("start_equity FROM financial_goals") == "10200.00000000")
            #expect(
                try await floor.value("start_ns FROM financial_goals")
                    == String(CivilDay(year: 2023, month: 12, day: 1).start.nanoseconds))
            #expect(try await floor.count("goal_adjustment_log WHERE change = 'new month'") == 1)
            await database.close()
        }
    }
}

extension Ratio {
    fileprivate func distance(to other: Ratio) -> Int64 { abs(raw - other.raw) }
}
