import Domain
import ExecutionCore
import Foundation
import Logging
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import ExecutionApp

/// One account in one market on real rows: a desk, its venue, and what must always be true of them.
struct Bench: Sendable {
    let database: TestDatabase
    let books: AccountBooks
    let venue: any Venue
    let board = PriceBoard(wallClock: { Make.time(0) })
    let folder: URL
    /// What the exchange tells of its past.
    let past: ScriptedPast
    private let risk: Database
    private let pool: Database

    init(_ database: TestDatabase, venue: any Venue) async throws {
        self.database = database
        self.venue = venue
        past = ScriptedPast()
        folder = FileManager.default.temporaryDirectory.appending(path: "execution-\(UUID().uuidString)")
        risk = database.connect(.riskManager, poolSize: 1)
        pool = database.connect(.execution)
        books = AccountBooks(account: "main", database: pool, wallClock: { SystemClock().now() })
        try await database.addAccount("main", cash: Make.money(100_000), venue: venue.name)
        books.lease = try await Leases(database: pool).acquire("execution/main", holder: "test", for: .seconds(60))
        print(at: 100)
    }

    private init(again bench: Bench, folder: URL) async throws {
        database = bench.database
        venue = bench.venue
        past = bench.past
        self.folder = folder
        risk = database.connect(.riskManager, poolSize: 1)
        pool = database.connect(.execution)
        books = AccountBooks(account: "main", database: pool, wallClock: { SystemClock().now() })
        books.lease = bench.books.lease
        print(at: 100)
    }

    /// The same account over new connections, after the old ones were closed.
    func reopened(in other: URL? = nil) async throws -> Bench { try await Bench(again: self, folder: other ?? folder) }

    func close() async {
        await risk.close()
        await pool.close()
        try? FileManager.default.removeItem(at: folder)
    }

    /// A desk as after a start of the process: it knows nothing but the rows.
    func desk(on other: (any Venue)? = nil) throws -> SymbolDesk {
        let venue = other ?? venue
        let metrics = Metrics()
        return SymbolDesk(
            instrument: Make.instrument,
            parts: .init(
                books: books, venue: venue, board: board,
                checks: OrderGuard(
                    priceSanity: Ratio(5, over: 100), notionalCap: Make.money(50_000), staleAfter: .seconds(15)),
                gate: VenueGate(venue: venue.name, account: "main", metrics: metrics),
                metrics: AccountMetrics(account: "main", metrics: metrics),
                journal: try ExitJournal(folder: folder, account: "main"), logger: Logger(label: "desk"),
                pollInterval: .seconds(60), history: MarketHistory(past.source), known: { _ in }))
    }

    func print(at units: Int64, _ id: Int64 = 1) {
        quote(bid: units, ask: units)
        board.note([
            Print(
                id: id, symbol: Make.btc, price: Make.price(units), quantity: Make.quantity(1), aggressor: .buy,
                time: Make.time(id * 1000))
        ])
    }

    func quote(bid: Int64, ask: Int64) {
        board.note(
            Quote(
                symbol: Make.btc, bid: Make.price(bid), bidQuantity: Make.quantity(1), ask: Make.price(ask),
                askQuantity: Make.quantity(1), time: Make.time(0)))
    }

    /// Books an approved order as risk-manager does.
    func approve(
        _ id: String, _ purpose: OrderPurpose = .entry, quantity: Quantity = Make.quantity(1000),
        stop: Price? = Make.price(90), target: Price? = Make.price(120), expires: Timestamp? = nil
    ) async throws {
        let isEntry = purpose == .entry
        try await risk.query(
            """
            INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, protective_stop, protective_target,
                strategy, reason, correlation, reserved, decided_ns, expires_ns)
            VALUES ($1, 'main', 'BTCUSDT', $2, 'market', $3, $4, $5, $6, 'momentum', 'test', 'sig-1', $7, 0, $8)
            """,
            [
                id, isEntry ? Side.buy : .sell, purpose, quantity, isEntry ? stop : nil, isEntry ? target : nil,
                isEntry ? Make.money(100) : .zero, expires,
            ])
    }

    /// Books an approved limit entry below the market: it rests.
    func approveResting(_ id: String, at limit: Price, quantity: Quantity = Make.quantity(1000)) async throws {
        try await risk.query(
            """
            INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, limit_price, protective_stop,
                protective_target, strategy, reason, correlation, reserved, decided_ns)
            VALUES ($1, 'main', 'BTCUSDT', 'buy', 'limit', 'entry', $2, $3, $4, $5, 'momentum', 'test', 'sig-1', 100, 0)
            """, [id, quantity, limit, Make.price(90), Make.price(120)])
    }

    /// Books an order for exactly a fill, as risk-manager does.
    func approve(_ fill: Fill) async throws {
        try await risk.query(
            """
            INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, strategy, reason, correlation, decided_ns)
            VALUES ($1, $2, $3, $4, 'market', $5, $6, 'momentum', 'test', 'sig-1', 0)
            """,
            [
                fill.orderID, fill.account, fill.symbol, fill.side,
                fill.side == .buy ? OrderPurpose.entry : .exit, fill.quantity,
            ])
    }

    func trading(_ state: TradingState) async throws {
        try await risk.query("UPDATE accounts SET state = $1 WHERE id = 'main'", [state])
    }

    func rows(_ sql: SQL) async throws -> [Row] { try await pool.query(sql) }

    func text(_ sql: SQL) async throws -> String {
        try await rows(sql).map { try $0.text("text") }.joined(separator: " ")
    }

    /// Runs the desk until nothing is in doubt and the position is guarded.
    func settle(_ desk: SymbolDesk, ringing orders: String...) async throws {
        for order in orders { desk.inbox.ring(for: order) }
        try await eventually("the desk has settled") {
            await desk.step()
            let waits = await !desk.waiting.isEmpty
            return await desk.isSettled && !waits ? true : nil
        }
    }

    /// The venue's fills are the rows; money is conserved by the fills alone; each open position has one live set of exits.
    func check(_ fills: [Fill], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let booked = try await rows("SELECT venue_trade_id AS text, quantity, price FROM fills ORDER BY 1")
        let there = fills.map { "\($0.venueTradeID) \($0.quantity) \($0.price)" }.sorted()
        let here = try booked.map { "\(try $0.text("text")) \(try $0.quantity("quantity")) \(try $0.price("price"))" }
        #expect(here.sorted() == there, sourceLocation: sourceLocation)
        try await checkMoney(sourceLocation)
        let exits = try await text(
            """
            SELECT string_agg(DISTINCT exits_version::text || ':' || (quantity - filled_quantity)::float8, ',') AS text
            FROM orders WHERE purpose IN ('stop_loss', 'take_profit')
                AND state IN ('approved', 'submitting', 'open', 'partially_filled') HAVING count(*) > 0
            """)
        let held = try await rows("SELECT quantity, is_open FROM positions").first
        let isOpen = try held?.bool("is_open") ?? false
        #expect(exits.isEmpty == !isOpen, "exits \(exits)", sourceLocation: sourceLocation)
        if isOpen, let quantity = try held?.quantity("quantity") {
            #expect(exits.split(separator: ":").last.map(String.init) == "\(quantity)", sourceLocation: sourceLocation)
            #expect(!exits.contains(","), "one set: \(exits)", sourceLocation: sourceLocation)
        }
    }

    private func checkMoney(_ sourceLocation: SourceLocation) async throws {
        var ledger = Ledger()
        ledger.deposit(Make.money(100_000))
        for row in try await rows(
            "SELECT venue_trade_id, order_id, side, price, quantity, fee, fee_in_base, filled_ns FROM fills ORDER BY booked"
        ) {
            try ledger.book(
                Fill(
                    venueTradeID: try row.text("venue_trade_id"), orderID: try row.text("order_id"), account: "main",
                    symbol: Make.btc, side: try row.value("side"), price: try row.price("price"),
                    quantity: try row.quantity("quantity"), fee: try row.money("fee"),
                    feeInBase: try row.quantity("fee_in_base"), isMaker: false, time: try row.timestamp("filled_ns")))
        }
        #expect(ledger.imbalance == .zero, sourceLocation: sourceLocation)
        let row = try #require(try await rows("SELECT cash, realised, fees FROM accounts").first)
        #expect(try row.money("cash") == ledger.cash, sourceLocation: sourceLocation)
        #expect(try row.money("realised") == ledger.realised, sourceLocation: sourceLocation)
        #expect(try row.money("fees") == ledger.fees, sourceLocation: sourceLocation)
    }
}

/// Gives `body` a bench on a database of its own.
func withBench(_ venue: any Venue, _ body: (Bench) async throws -> Void) async throws {
    try await withTestDatabase { database in
        let bench = try await Bench(database, venue: venue)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(bench)) } catch { outcome = .failure(error) }
        await bench.close()
        try outcome.get()
    }
}
