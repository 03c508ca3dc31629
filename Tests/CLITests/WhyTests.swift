import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@testable import CLI

@Suite struct WhyTests {
    private static let books = """
        INSERT INTO signals (id, strategy, symbol, timeframe, candle_close_ns, action, price, stop, target, confidence, reasons)
        VALUES ('sig-1', 'momentum-1m', 'BTCUSDT', '1m', 1795260900000000000, 'enter', 65000, 64000, 67000, 0.6,
            '["the fast average crossed above the slow one"]');
        INSERT INTO decisions (id, signal_id, account, outcome, code, reason, inputs, decided_ns) VALUES
            ('dec-1', 'sig-1', 'main', 'approved', 'approved', 'risks 50 of 10000',
                '{"account": {"equity": "10000", "openPositions": 0}, "action": "enter", "symbol": "BTCUSDT", "priceTime": 1795260899000000000, "goal": null, "limits": {"daily_loss": "0.03"}}',
                1795260900000000000),
            ('dec-2', 'sig-1', 'other', 'refused', 'daily_loss_limit', 'lost 3.1 % today, the limit is 3 %', '{}',
                1795260900000000000);
        INSERT INTO orders (id, decision_id, account, symbol, side, type, purpose, quantity, filled_quantity, reason, correlation,
            state, position_id, decided_ns) VALUES
            ('ord-1', 'dec-1', 'main', 'BTCUSDT', 'buy', 'market', 'entry', 0.01, 0.01, 'signal of momentum-1m', 'sig-1', 'filled',
                'pos-1', 1795260900000000000);
        INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, trigger_price, reason, correlation, state,
            position_id, decided_ns) VALUES
            ('ord-2', 'main', 'BTCUSDT', 'sell', 'stop', 'stop_loss', 0.01, 64000, 'guards pos-1', 'sig-1', 'open', 'pos-1',
                1795260901000000000);
        INSERT INTO fills (account, symbol, venue_trade_id, order_id, side, price, quantity, fee, maker, filled_ns)
        VALUES ('main', 'BTCUSDT', '7', 'ord-1', 'buy', 65010, 0.01, 0.65, false, 1795260900500000000);
        INSERT INTO positions (account, symbol, id, quantity, cost, stop, target, opened_ns)
        VALUES ('main', 'BTCUSDT', 'pos-1', 0.01, 650.1, 64000, 67000, 1795260900500000000)
        """

    private static let told = """
        2026-11-21 11:35:00 UTC  momentum-1m wanted to buy BTCUSDT at the 1m close of 65000
          stop 64000, target 67000, confidence 60.00 %
          because the fast average crossed above the slow one
          signal sig-1

        2026-11-21 11:35:00 UTC  main approved it (approved)
          risks 50 of 10000
          the numbers:
            account, equity          10000
            account, open positions  0
            action                   enter
            limits, daily loss       0.03
            price time               2026-11-21 11:34:59 UTC
            symbol                   BTCUSDT
          decision dec-1

        2026-11-21 11:35:00 UTC  main buy 0.01 BTCUSDT at market, entry
          signal of momentum-1m
          filled; 0.01 of 0.01 filled
          2026-11-21 11:35:00 UTC  filled 0.01 at 65010, fee 0.65
          order ord-1

        2026-11-21 11:35:00 UTC  other refused it (daily_loss_limit)
          lost 3.1 % today, the limit is 3 %
          decision dec-2

        2026-11-21 11:35:01 UTC  main sell 0.01 BTCUSDT stop at 64000, stop loss
          guards pos-1
          open; 0 of 0.01 filled
          order ord-2

        Now main holds 0.01 BTCUSDT, bought at 65010 on average; stop 64000, target 67000.
        """

    @Test func `the whole story is told from any id of it`() async throws {
        try await withTestDatabase { test in
            for account in ["main", "other"] { try await test.addAccount(account, cash: .zero) }
            try await test.servers.sql(Self.books, database: test.name)
            let database = test.connect(.operator)
            for id in ["sig-1", "dec-1", "dec-2", "ord-1", "ord-2"] {
                let story = try await StoryLoader(database: database).load(id)
                #expect(story?.text == Self.told, "\(id)")
            }
            let none = try await StoryLoader(database: database).load("sig-2")
            #expect(none == nil)
            await database.close()
        }
    }

    @Test func `the last decisions fit the width of a terminal, a flatten has its symbol`() async throws {
        try await withTestDatabase { test in
            for account in ["main", "other"] { try await test.addAccount(account, cash: .zero) }
            try await test.servers.sql(Self.books, database: test.name)
            let long = Array(repeating: "a reason of many words", count: 12).joined(separator: ", ")
            try await test.servers.sql(
                """
                INSERT INTO decisions (id, account, outcome, code, reason, inputs, decided_ns) VALUES ('dec-3', 'main',
                    'approved', 'approved', '\(long)', '{"symbol": "ETHUSDT", "action": "flatten"}', 1795260960000000000)
                """, database: test.name)
            let database = test.connect(.operator)
            let lines = try await WhyCommand.recent(10, database).split(separator: "\n").map(String.init)
            #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines)")
            #expect(lines.contains("  2026-11-21 11:36:00 UTC  main     ETHUSDT  flatten  approved  dec-3"), "\(lines)")
            #expect(lines.joined(separator: " ").split(separator: " ").filter { $0 == "many" }.count == 12)
            await database.close()
        }
    }

    @Test func `lines break at blanks and go on indented`() {
        let text = "  " + Array(repeating: "word", count: 30).joined(separator: " ") + "\nshort"
        let lines = text.wrapped(to: 40).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 40 })
        #expect(lines[0].hasPrefix("  word"))
        #expect(lines[1].hasPrefix("    word"))
        #expect(lines.last == "short")
        #expect(lines.joined(separator: " ").split(separator: " ").count == 31)
        #expect("x\n\n  y".wrapped() == "x\n\n  y")
    }

    @Test func `a closed position ends with what it made`() throws {
        var story = Story()
        story.roundTrips = [
            .init(
                account: "main", symbol: "BTCUSDT", quantity: try Quantity("0.01"), entry: try Price("65010"),
                exit: try Price("64000"), realised: try Money("-10.1"), fees: try Money("1.29"), reason: "stop loss",
                closedAt: Timestamp(seconds: 1_795_261_000))
        ]
        #expect(
            story.text == """
                2026-11-21 11:36:40 UTC  main had sold all of it: 0.01 BTCUSDT bought at 65010, sold at 64000
                  -10.10 less 1.29 fees makes -11.39; stop loss
                """)
    }

    @Test(
        arguments: [
            (#"{"a": {"bC": true, "d_e": 1.5}, "f": ["x", null]}"#, ["a, b c=yes", "a, d e=1.5", "f 1=x"]),
            (#"{"n": 0, "t": false}"#, ["n=0", "t=no"]), ("not json", []), ("{}", []),
        ])
    func `figures become lines with words`(_ json: String, _ expected: [String]) {
        #expect(FigureList.read(json).map { "\($0.name)=\($0.value)" } == expected)
    }
}
