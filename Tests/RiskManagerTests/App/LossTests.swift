import Domain
import Foundation
import RiskManagerCore
import Store
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

/// Limits on losses that are reached, against a real database.
struct LossTests {
    /// 10 of the first market, paid for at 100.
    private func invest(_ floor: Floor) async throws {
        try await floor.open(floor.symbols[0], "10")
        try await floor.database.servers.sql("UPDATE accounts SET cash = cash - 1000", database: floor.database.name)
    }

    private func say(_ text: String, after seconds: Int64, _ books: RiskBooks, _ floor: Floor) {
        for symbol in floor.symbols {
            books.market.note(symbol, [PricePoint(price: price(text), time: floor.close + .seconds(seconds))])
        }
    }

    @Test func `an account in which nothing is to be done is looked at without waiting for its lock`() async throws {
        try await withFloor { floor in
            let (database, other) = (floor.database.connect(.riskManager), floor.database.connect(.riskManager))
            let books = floor.books(database)
            try await books.ensure([floor.account])
            try await invest(floor)
            let first = try await books.tend("main")
            let second = try await other.transaction { transaction in
                try await transaction.query("SELECT 1 FROM accounts WHERE id = 'main' FOR UPDATE")
                return try await books.tend("main")
            }
            #expect(second.snapshot == first.snapshot)
            #expect(second.performance?.equity == money("10000"))
            await database.close()
            await other.close()
        }
    }

    @Test func `a daily loss lasts until the day is over, with its reason, its audit and a refusal in words`()
        async throws
    {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            try await invest(floor)
            say("60", after: 1, books, floor)
            books.market.note(
                floor.symbols[0], [PricePoint(price: price("60"), time: floor.close + .seconds(59))])
            books.market.note(
                floor.symbols[1], [PricePoint(price: price("100"), time: floor.close + .seconds(59))])
            _ = try await books.tend("main")
            #expect(try await floor.count("limit_breaches") == 0, "the minute before was at 100")
            say("100", after: 61, books, floor)
            let tended = try await books.tend("main")
            #expect(tended.snapshot.breaches.map(\.limit) == [.dailyLoss])
            #expect(tended.performance?.dailyLoss == .zero, "the loss is made good, the breach holds")
            let words =
                "the daily loss reached 4 % at 2023-11-14 22:15 UTC, the limit is 3 %: no entry until 2023-11-15 00:00 UTC"
            #expect(try await floor.value("reason FROM limit_breaches") == words)
            #expect(
                try await floor.value(
                    "action || ' ' || old_state || ' ' || changed_by || ' ' || reason FROM control_audit")
                    == "breach: refuse running risk-manager \(words)")
            let refused = floor.signal(floor.symbols[1], at: floor.close + .minutes(1))
            guard case .decided(let decision) = try await books.decide(refused, account: "main") else {
                Issue.record("not decided")
                return
            }
            #expect(decision.code == "daily_loss_limit")
            #expect(decision.reason == words)
            #expect(try await floor.count("orders") == 0, "on_breach: refuse leaves positions alone")
            let midnight = CivilDay(containing: floor.close).start + .days(1)
            let after = (midnight - floor.close).nanoseconds / 1_000_000_000
            say("100", after: after + 1, books, floor)
            _ = try await books.tend("main")
            #expect(
                try await floor.value("ended_by || ' ' || end_reason FROM limit_breaches")
                    == "risk-manager its time is over")
            await database.close()
        }
    }

    @Test func `a drawdown lasts until the owner accepts the loss`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database) { policy in
                policy.limits.dailyLoss = .one
                policy.limits.monthlyDrawdown = .one
                policy.limits.drawdown = ratio("0.05")
            }
            try await books.ensure([floor.account])
            try await invest(floor)
            say("40", after: 1, books, floor)
            say("40", after: 61, books, floor)
            _ = try await books.tend("main")
            #expect(
                try await books.breaches("main").first?.hasSuffix("no entry until the owner resumes with --accept-loss")
                    == true)
            func resume(_ id: String, _ accept: Bool) async throws {
                try await books.command(
                    ControlCommand(
                        id: id, account: "main", action: .resume, flatten: false, acceptLoss: accept, by: "me",
                        reason: "understood"))
            }
            say("40", after: 40 * 86_400, books, floor)
            _ = try await books.tend("main")
            try await resume("1", false)
            #expect(try await books.breaches("main").count == 1)
            try await resume("2", true)
            #expect(try await books.breaches("main").isEmpty)
            #expect(try await floor.value("ended_by || ' ' || end_reason FROM limit_breaches") == "me understood")
            say("40", after: 40 * 86_400 + 61, books, floor)
            let tended = try await books.tend("main")
            #expect(tended.snapshot.breaches.isEmpty)
            #expect(tended.performance?.drawdown == .zero)
            await database.close()
        }
    }

    @Test(arguments: [(BreachAction.refuse, [String]()), (.halve, ["5.00000000"]), (.close, ["10.00000000"])])
    func `the settings decide what becomes of positions, once`(_ action: BreachAction, _ sold: [String]) async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database) { $0.onBreach = action }
            try await books.ensure([floor.account])
            try await invest(floor)
            say("60", after: 1, books, floor)
            for second in 61...64 {
                say("60", after: Int64(second), books, floor)
                _ = try await books.tend("main")
            }
            let orders = "orders WHERE purpose = 'flatten' AND correlation LIKE 'brc%'"
            #expect(
                try await floor.value("coalesce(string_agg(quantity::text, ' '), '') FROM \(orders)")
                    == sold.joined(separator: " "))
            #expect(
                try await floor.count("decisions WHERE reason LIKE 'the daily loss reached 4 %'||'%'") == sold.count)
            // Half was sold: the rest stays, however long the breach lasts.
            if action == .halve {
                try await floor.database.servers.sql(
                    "UPDATE orders SET state = 'filled', updated_at = now() - interval '1 hour'",
                    database: floor.database.name)
                try await floor.open(floor.symbols[0], "5")
                _ = try await books.tend("main")
                #expect(try await floor.count(orders) == 1)
            }
            await database.close()
        }
    }

    /// Whenever the looks are taken, and whoever restarts in between, the same minutes give the same marks and breaches.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `it does not matter when the looks are taken`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        var now: Int64 = 100
        let prices = (1...240).map { _ in
            now = max(20, now + Int64.random(in: -6...6, using: &random))
            return now
        }
        var outcomes: [String] = []
        for pause in [1, 7, 45, 240] {
            try await withFloor { floor in
                let database = floor.database.connect(.riskManager)
                let books = floor.books(database)
                try await books.ensure([floor.account])
                try await invest(floor)
                _ = try await books.tend("main")
                for (second, value) in prices.enumerated() {
                    say("\(value)", after: Int64(second + 1), books, floor)
                    if (second + 1).isMultiple(of: pause) { _ = try await books.tend("main") }
                }
                outcomes.append(
                    try await floor.value(
                        """
                        concat_ws(' ', peak_profit, month_peak_profit, day_start_profit, observed_ns, (
                            SELECT string_agg(concat_ws(' ', limit_name, loss, since_ns), ', ' ORDER BY since_ns, limit_name)
                            FROM limit_breaches)) FROM accounts
                        """))
                await database.close()
            }
        }
        #expect(Set(outcomes).count == 1, "seed \(seed): \(outcomes)")
        #expect(outcomes[0].contains("0000 17000"))
    }

    @Test func `a fill after the minute is not seen at its end, and what was missed comes from the candles`()
        async throws
    {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let books = floor.books(database)
            try await books.ensure([floor.account])
            try await invest(floor)
            _ = try await books.tend("main")
            let symbol = floor.symbols[0]
            // Minutes that this process did not see: 130 and then 90.
            for (minute, close) in [(1, 130), (2, 90)] {
                let open = (floor.close + .minutes(Int64(minute - 1))).nanoseconds
                try await floor.database.servers.sql(
                    """
                    INSERT INTO candles (symbol, timeframe, open_ns, open, high, low, close, volume, trades, source)
                    VALUES ('\(symbol)', '1m', \(open), \(close), \(close), \(close), \(close), 1, 1, 'test')
                    """, database: floor.database.name)
            }
            // Sold at 90 a second after the fifth minute: at its end the ten were there.
            let sold = floor.close + .minutes(5) + .seconds(1)
            try await floor.database.servers.sql(
                """
                INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, reason, correlation, decided_ns)
                VALUES ('o', 'main', '\(symbol)', 'sell', 'market', 'exit', 10, 't', 't', 1);
                INSERT INTO fills (account, symbol, venue_trade_id, order_id, side, price, quantity, fee, maker, filled_ns)
                VALUES ('main', '\(symbol)', '1', 'o', 'sell', 50, 10, 1, false, \(sold.nanoseconds));
                UPDATE positions SET quantity = 0, is_open = false;
                UPDATE accounts SET cash = cash + 499
                """, database: floor.database.name)
            say("90", after: 240, books, floor)
            say("50", after: 302, books, floor)
            _ = try await books.tend("main")
            // 10 × (130 − 100) at the end of the first minute.
            #expect(try await floor.value("peak_profit FROM accounts") == "300.00000000")
            #expect(try await floor.count("limit_breaches WHERE limit_name = 'daily_loss'") == 0, "90 is a loss of 1 %")
            say("50", after: 362, books, floor)
            _ = try await books.tend("main")
            #expect(
                try await floor.value("loss FROM limit_breaches WHERE limit_name = 'daily_loss'") == "0.05010000")
            await database.close()
        }
    }
}
