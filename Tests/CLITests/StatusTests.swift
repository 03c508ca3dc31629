import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@testable import CLI

@Suite struct StatusTests {
    private static let now = Timestamp(seconds: 1_795_260_900)

    private func symbol(_ name: String) throws -> Symbol { try #require(Symbol(name)) }

    private func report() throws -> StatusReport {
        let bitcoin = try symbol("BTCUSDT")
        var books = StatusReport.Books()
        books.accounts = [
            .init(
                id: "main", state: "paused", venue: "binance", currency: "USDT", cash: try Money("9360"),
                netDeposits: try Money("10000"), realised: try Money("12.5"), fees: try Money("2.5"), liveOrders: 2)
        ]
        books.positions = [
            .init(
                account: "main", symbol: bitcoin, quantity: try Quantity("0.01"), cost: try Money("650"), stop: nil,
                target: Price("68000"), strategy: "momentum-1m")
        ]
        books.marks = [bitcoin: .init(price: try Price("66000"), time: Self.now - .seconds(30))]
        books.goals = [
            .init(
                id: "goal-1", account: "main", kind: "portfolio_value", target: try Money("12000"),
                progress: Ratio("0.01"), deadline: Timestamp(seconds: 1_798_761_600), state: "active")
        ]
        books.breaches = [.init(account: "main", reason: "the daily loss reached 3.1 %")]
        books.fillsAside = ["main": 2]
        books.deadLetters = 1
        return StatusReport(
            now: Self.now, books: books, trouble: nil,
            services: [
                .init(name: "market-data", state: .ready),
                .init(name: "strategy", state: .notReady(["redis: no connection"])),
                .init(name: "execution", state: .unreachable),
            ],
            sources: [.init(exchange: "binance", symbol: "BTCUSDT", connected: true, stale: true, age: 61.2)])
    }

    @Test func `everything is shown, and what needs a person last`() throws {
        let report = try report()
        #expect(
            report.text == """
                Plimsoll at 2026-11-21 11:35:00 UTC

                ACCOUNTS
                  ACCOUNT  STATE   VENUE       EQUITY  PROFIT      CASH  REALISED  FEES  ORDERS
                  main     paused  binance  10,020.00  +20.00  9,360.00    +12.50  2.50       2  USDT

                POSITIONS
                  ACCOUNT  SYMBOL   QUANTITY   PAID  PRICE  UNREALISED  STOP  TARGET  STRATEGY     PRICED
                  main     BTCUSDT      0.01  65000  66000      +10.00  none   68000  momentum-1m  30 s ago

                GOALS
                  GOAL    ACCOUNT  KIND                TARGET  PROGRESS  UNTIL       STATE
                  goal-1  main     portfolio value  12,000.00    1.00 %  2027-01-01  active

                SOURCES
                  EXCHANGE  SYMBOL   STATE   LAST MESSAGE
                  binance   BTCUSDT  silent      61 s ago

                SERVICES
                  SERVICE      STATE
                  market-data  ready
                  strategy     not ready    redis: no connection
                  execution    unreachable

                ATTENTION
                  main is paused: `plimsoll resume main` lets it trade again
                  main: the daily loss reached 3.1 %
                  main holds BTCUSDT without a stop
                  main takes no new risk, for 2 fills could not be booked: see `plimsoll fills-set-aside`
                  1 events could not be applied: see table dead_letters and docs/runbook.md
                """)
        #expect(!report.isWell)
    }

    @Test func `without a database the rest is still shown`() throws {
        let report = StatusReport(
            now: Self.now, books: nil, trouble: "it does not answer",
            services: [.init(name: "strategy", state: .ready)],
            sources: [])
        #expect(report.text.contains("DATABASE\n  it does not answer"))
        #expect(report.text.contains("strategy  ready"))
        #expect(!report.isWell)
    }

    @Test func `a position without a price makes the equity unknown`() throws {
        var books = try #require(try report().books)
        books.marks = [:]
        let account = try #require(books.accounts.first)
        let report = StatusReport(now: Self.now, books: books, trouble: nil, services: [], sources: [])
        #expect(report.equity(of: account) == nil)
        #expect(report.text.contains("no price"))
    }

    @Test func `positions are priced as risk-manager prices them, where it says how`() throws {
        let answer = """
            [{"id":"main","positions":[{"symbol":"BTCUSDT","price":"66000.5","priceTime":1795260899000000000},\
            {"symbol":"ETHUSDT"}]}]
            """
        let bitcoin = try symbol("BTCUSDT")
        #expect(
            StatusLoader.prices(Array(answer.utf8))
                == [bitcoin: .init(price: try Price("66000.5"), time: Self.now - .seconds(1))])
        #expect(StatusLoader.prices(Array("<html>".utf8)).isEmpty)
    }

    @Test func `sources are read from the metrics`() {
        let page = MetricPage(
            """
            # HELP plimsoll_source_connected x
            plimsoll_source_connected{exchange="binance",symbol="ETHUSDT"} 0
            plimsoll_source_connected{exchange="binance",symbol="BTCUSDT"} 1
            plimsoll_source_stale{exchange="binance",symbol="BTCUSDT"} 1
            plimsoll_source_message_age_seconds{exchange="binance",symbol="BTCUSDT"} 2.5
            plimsoll_odd{note="a \\"b\\", \\\\ c\\nd"} NaN
            broken{line
            """)
        #expect(
            StatusLoader.sources(page) == [
                .init(exchange: "binance", symbol: "BTCUSDT", connected: true, stale: true, age: 2.5),
                .init(exchange: "binance", symbol: "ETHUSDT", connected: false, stale: false, age: nil),
            ])
    }

    @Test func `label values are read with their escapes`() {
        let page = MetricPage(#"x{note="a \"b\", \\ c\nd",other=""} 7 1700000000"#)
        #expect(page.samples("x") == [.init(name: "x", labels: ["note": "a \"b\", \\ c\nd", "other": ""], value: 7)])
    }

    @Test func `the books are read as the operator`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("main", cash: try Money("1000"))
            let bitcoin = try symbol("BTCUSDT")
            try await test.servers.sql(
                """
                INSERT INTO positions (account, symbol, id, quantity, cost, stop, opened_ns)
                VALUES ('main', 'BTCUSDT', 'pos-1', 0.5, 100, 150, 1);
                INSERT INTO candles (symbol, timeframe, open_ns, open, high, low, close, volume, trades, source)
                VALUES ('BTCUSDT', '1m', 0, 1, 1, 1, 210, 1, 1, 'test'), ('BTCUSDT', '1m', 60000000000, 1, 1, 1, 220, 1, 1, 'test')
                """, database: test.name)
            let database = test.connect(.operator)
            let books = try await BooksQueries(database: database).load()
            #expect(books.accounts.map(\.id) == ["main"])
            #expect(books.positions.map(\.quantity) == [try Quantity("0.5")])
            #expect(books.positions.map(\.stop) == [Price("150")])
            #expect(books.marks == [bitcoin: .init(price: try Price("220"), time: Timestamp(seconds: 120))])
            let report = StatusReport(now: Self.now, books: books, trouble: nil, services: [], sources: [])
            let account = try #require(books.accounts.first)
            let equity = Money("1110")
            #expect(report.equity(of: account) == equity)
            await database.close()
        }
    }
}
