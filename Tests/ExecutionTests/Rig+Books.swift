import Domain
import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

extension Rig {
    /// Books an approved entry or exit as risk-manager does; execution finds it by its poll.
    func approve(_ id: String, _ symbol: Symbol, _ purpose: OrderPurpose = .entry, quantity: String = "10") async throws
    {
        let price = try await eventually("there is a price") { await self.price(of: symbol) }
        let isEntry = purpose == .entry
        try await risk.query(
            """
            INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, protective_stop, protective_target,
                strategy, reason, correlation, reserved, decided_ns)
            VALUES ($1, 'main', $2, $3, 'market', $4, $5, $6, $7, 'momentum', 'test', $1, 0, $8)
            """,
            [
                id, symbol, isEntry ? Side.buy : .sell, purpose, quantity,
                isEntry ? price.times(Ratio(9, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero) : nil,
                isEntry ? price.times(Ratio(11, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero) : nil,
                Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)),
            ])
    }

    func state(_ id: String) async throws -> String {
        try await risk.query("SELECT state FROM orders WHERE id = $1", [id]).first?.text("state") ?? ""
    }

    /// Waits until an order is in one of these states.
    func wait(for id: String, _ states: String..., within limit: Duration = .seconds(20)) async throws {
        do {
            try await eventually("\(id) is \(states)", within: limit) {
                states.contains(try await self.state(id)) ? true : nil
            }
        } catch {
            let row = try await risk.query(
                "SELECT state || ': ' || state_reason AS text FROM orders WHERE id = $1", [id])
            let log = try String(contentsOf: folder.appending(path: "execution.log"), encoding: .utf8)
            Issue.record("\(id) is \(try row.first?.text("text") ?? "not there")\n\(log.suffix(2000))")
            throw error
        }
    }

    /// Opens a position and has the venue refuse its exits, so that execution watches them itself.
    func refuseExits(of id: String, _ symbol: Symbol) async throws {
        try await control("delay-answer?milliseconds=400")
        try await approve(id, symbol)
        try await eventually("the entry is there") {
            try await self.there("fills", as: [ThereFill].self).contains { $0.clientOrderId == id } ? true : nil
        }
        try await control("reject?count=1")
        try await eventually("a set is watched here") {
            try await self.risk.query(
                """
                SELECT 1 FROM orders WHERE symbol = $1 AND purpose = 'stop_loss' AND state = 'approved'
                    AND EXISTS (
                        SELECT 1 FROM orders o WHERE o.position_id = orders.position_id AND o.state = 'rejected')
                """, [symbol]
            ).isEmpty ? nil : true
        }
    }

    /// Starts PostgreSQL again; those it left behind hold its memory for a moment.
    func startPostgres() async throws {
        try await eventually("PostgreSQL is back", within: .seconds(60)) {
            do {
                try await self.database.servers.start(.postgres)
                return true
            } catch is Command.Failed {
                try await Task.sleep(for: .milliseconds(500))
                return nil
            }
        }
    }

    /// How many stops have sold.
    func stops() async throws -> Int {
        Set(
            try await there("fills", as: [ThereFill].self).map(\.clientOrderId).filter { $0.hasPrefix("sl-") }
        ).count
    }

    struct ThereFill: Decodable {
        let symbol: String
        let id: Int64
        let price: Price
        let qty: Quantity
        let clientOrderId: String
    }

    struct ThereOrder: Decodable {
        let symbol: String
        let clientOrderId: String
        let status: String
        let side: String
        let origQty: Quantity
        var isOpen: Bool { status == "NEW" || status == "PARTIALLY_FILLED" }
    }

    /// What differs between the exchange and the rows; empty when all is well.
    func differences() async throws -> [String] {
        var found: [String] = []
        if venue == "paper" { return try await moneyDifferences() + paperDifferences() }
        let there = try await self.there("fills", as: [ThereFill].self)
            .map { "\($0.symbol) \($0.id) \($0.price) \($0.qty) \($0.clientOrderId)" }.sorted()
        let here = try await risk.query("SELECT symbol, venue_trade_id, price, quantity, order_id FROM fills").map {
            row in
            "\(try row.text("symbol")) \(try row.text("venue_trade_id")) \(try row.price("price")) "
                + "\(try row.quantity("quantity")) \(try row.text("order_id"))"
        }.sorted()
        if there != here { found.append("fills there \(there), here \(here)") }
        found += try await moneyDifferences()
        found += try await exitDifferences()
        return found
    }

    /// Waits until nothing differs.
    func settle(within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let found = try await differences()
            if found.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                let log = try String(contentsOf: folder.appending(path: "execution.log"), encoding: .utf8)
                Issue.record(
                    "\(found.joined(separator: "\n"))\n\(log.suffix(3000))", sourceLocation: sourceLocation)
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func moneyDifferences() async throws -> [String] {
        var ledger = Ledger()
        ledger.deposit(Make.money(100_000))
        for row in try await risk.query("SELECT * FROM fills ORDER BY booked") {
            try ledger.book(
                Fill(
                    venueTradeID: try row.text("venue_trade_id"), orderID: try row.text("order_id"), account: "main",
                    symbol: try row.symbol("symbol"), side: try row.value("side"), price: try row.price("price"),
                    quantity: try row.quantity("quantity"), fee: try row.money("fee"),
                    feeInBase: try row.quantity("fee_in_base"), foreignFee: try Self.foreignFee(row), isMaker: false,
                    time: try row.timestamp("filled_ns")))
        }
        let foreign = try await risk.query("SELECT asset, amount FROM account_fees").map { row in
            (try row.text("asset"), try row.money("amount"))
        }
        if Dictionary(foreign, uniquingKeysWith: { $1 }) != ledger.foreignFees {
            return ["fees in other assets: rows \(foreign), fills \(ledger.foreignFees)"]
        }
        let row = try #require(
            try await risk.query(
                "SELECT cash, realised, fees, (SELECT coalesce(sum(cost), 0) FROM positions) AS cost FROM accounts"
            ).first)
        let same =
            try row.money("cash") == ledger.cash && row.money("realised") == ledger.realised
            && row.money("fees") == ledger.fees && row.money("cost") == ledger.openCost && ledger.imbalance.isZero
        return same ? [] : ["money: rows \(row), fills \(ledger)"]
    }

    private static func foreignFee(_ row: Row) throws -> Fill.ForeignFee? {
        guard let asset: String = try row.optional("fee_asset") else { return nil }
        return Fill.ForeignFee(asset: asset, amount: try row.money("fee_amount"))
    }

    /// The paper venue's memory is the rows: each order filled once for all of it, each open position guarded by one set.
    private func paperDifferences() async throws -> [String] {
        let doubled = try await risk.query(
            """
            SELECT orders.id FROM orders LEFT JOIN fills ON fills.order_id = orders.id GROUP BY orders.id
            HAVING coalesce(sum(fills.quantity), 0) <> orders.filled_quantity OR count(fills.order_id) > 1
                OR (orders.state = 'filled') <> (orders.quantity = orders.filled_quantity)
            """
        ).map { "fills of \(try $0.text("id"))" }
        let unguarded = try await risk.query(
            """
            SELECT p.symbol FROM positions p WHERE (SELECT count(*) FROM orders o WHERE o.symbol = p.symbol
                AND o.purpose IN ('stop_loss', 'take_profit') AND o.state = 'open' AND o.position_id = p.id
                AND o.quantity - o.filled_quantity = p.quantity) <> CASE WHEN p.is_open THEN 2 ELSE 0 END
            """
        ).map { "exits of \(try $0.text("symbol"))" }
        return doubled + unguarded
    }

    /// Each open position has one stop and one target at the exchange, for what is held, and these are the rows' live ones.
    private func exitDifferences() async throws -> [String] {
        let open = try await there("orders", as: [ThereOrder].self).filter(\.isOpen)
        var found: [String] = []
        for symbol in symbols {
            let there = open.filter { $0.symbol == symbol.name }
            let held = try await risk.query(
                "SELECT quantity, is_open FROM positions WHERE symbol = $1", [symbol]
            ).first
            let live = try await risk.query(
                """
                SELECT id FROM orders WHERE symbol = $1 AND purpose IN ('stop_loss', 'take_profit')
                    AND state IN ('approved', 'submitting', 'open', 'partially_filled') ORDER BY id
                """, [symbol]
            ).map { try $0.text("id") }
            let isOpen = try held?.bool("is_open") ?? false
            let quantity = try held?.quantity("quantity").roundedDown(to: Quantity(raw: 1_000_000)) ?? .zero
            if there.map(\.clientOrderId).sorted() != live {
                found.append("exits of \(symbol): \(there), rows \(live)")
            }
            if there.count != (isOpen ? 2 : 0) { found.append("\(there.count) exits of \(symbol), open: \(isOpen)") }
            if !there.allSatisfy({ $0.origQty == quantity }) { found.append("exits of \(symbol) for another quantity") }
        }
        return found
    }
}

/// Gives `body` a rig with prices on the bus, and takes everything down after.
func withRig(
    venue: String = "binance", commission: String = "quote", _ body: @escaping @Sendable (Rig) async throws -> Void
) async throws {
    try await withTestDatabase { database in try await withRig(on: database, venue, commission, body) }
}

/// As above, with PostgreSQL, PgBouncer and Redis of the test's own, to be killed.
func withOwnServers(_ body: @escaping @Sendable (Rig) async throws -> Void) async throws {
    let servers = try await TestServers.own()
    let outcome: Result<Void, any Error>
    do {
        try await withRig(on: try await TestDatabase.make(on: servers), "binance", "quote", body)
        outcome = .success(())
    } catch { outcome = .failure(error) }
    try await servers.down()
    try outcome.get()
}

private func withRig(
    on database: TestDatabase, _ venue: String, _ commission: String,
    _ body: @escaping @Sendable (Rig) async throws -> Void
) async throws {
    let rig = try await Rig(database, venue: venue, commission: commission)
    let prices = Task { await rig.publishPrices() }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(rig)) } catch { outcome = .failure(error) }
    prices.cancel()
    await prices.value
    try await rig.close()
    try outcome.get()
}
