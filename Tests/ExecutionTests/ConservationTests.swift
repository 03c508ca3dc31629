import Domain
import ExecutionCore
import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

@testable import ExecutionApp

@Suite("Money is conserved")
struct ConservationTests {
    private static let symbols = [Make.btc, Make.symbol("ETHUSDT")]

    @Test(
        "after every fill the rows are what the fills alone say, per account and currency",
        arguments: [20_261_121, 7] as [UInt64])
    func afterEveryFill(_ seed: UInt64) async throws {
        try await withBench(ScriptedVenue()) { bench in
            try await bench.database.addAccount("other", cash: Make.money(1_000_000))
            let other = AccountBooks(account: "other", database: bench.books.database, wallClock: bench.books.wallClock)
            other.lease = try await Leases(database: bench.books.database).acquire(
                "execution/other", holder: "test", for: .seconds(60))
            var random = SeededRandom(seed: seed)
            var held: [String: Int64] = [:]
            for number in 1...60 {
                let books = Bool.random(using: &random) ? bench.books : other
                let symbol = Self.symbols[Int.random(in: 0...1, using: &random)]
                let key = "\(books.account) \(symbol)"
                let fill = self.fill(number, books.account, symbol, held: held[key] ?? 0, &random)
                held[key, default: 0] += fill.side == .buy ? fill.quantity.raw - fill.feeInBase.raw : -fill.quantity.raw
                try await bench.approve(fill)
                _ = try await books.book([fill], of: fill.orderID, lot: Make.instrument.lotSize, venueID: nil)
                // A repeat changes nothing.
                _ = try await books.book([fill], of: fill.orderID, lot: Make.instrument.lotSize, venueID: nil)
                for account in ["main", "other"] {
                    try await self.check(bench, account, "seed \(seed), fill \(number)")
                }
            }
        }
    }

    private func fill(
        _ number: Int, _ account: String, _ symbol: Symbol, held: Int64, _ random: inout SeededRandom
    ) -> Fill {
        let isSale = held > 0 && Bool.random(using: &random)
        let quantity = Int64.random(in: 1...(isSale ? held : 300_000_000), using: &random)
        let price = Price(raw: Int64.random(in: 1...9_000_000_000_000, using: &random))
        let notional = price.times(Quantity(raw: quantity))
        var fee = notional.times(Ratio(1, over: 1000))
        var inBase = Quantity.zero
        var foreign: Fill.ForeignFee?
        switch Int.random(in: 0...2, using: &random) {
        case 0 where !isSale:
            inBase = Quantity(raw: quantity / 1000)
            fee = price.times(inBase)
        case 1:
            let asset = Bool.random(using: &random) ? "BNB" : "KCS"
            foreign = Fill.ForeignFee(asset: asset, amount: Money(raw: Int128.random(in: 1...99_999, using: &random)))
            fee = .zero
        default: break
        }
        return Fill(
            venueTradeID: "\(number)", orderID: "ord-\(number)", account: account, symbol: symbol,
            side: isSale ? .sell : .buy, price: price, quantity: Quantity(raw: quantity), fee: fee, feeInBase: inBase,
            foreignFee: foreign, isMaker: false, time: Make.time(Int64(number)))
    }

    /// Cash, realised, fees and cost of `account` against a ledger made of its fills alone.
    private func check(_ bench: Bench, _ account: String, _ place: String) async throws {
        var ledger = Ledger()
        ledger.deposit(Make.money(account == "main" ? 100_000 : 1_000_000))
        for row in try await bench.rows("SELECT * FROM fills ORDER BY booked") where try row.text("account") == account
        {
            var foreign: Fill.ForeignFee?
            if let asset: String = try row.optional("fee_asset") {
                foreign = Fill.ForeignFee(asset: asset, amount: try row.money("fee_amount"))
            }
            try ledger.book(
                Fill(
                    venueTradeID: try row.text("venue_trade_id"), orderID: try row.text("order_id"), account: account,
                    symbol: try row.symbol("symbol"), side: try row.value("side"), price: try row.price("price"),
                    quantity: try row.quantity("quantity"), fee: try row.money("fee"),
                    feeInBase: try row.quantity("fee_in_base"), foreignFee: foreign, isMaker: false, time: .zero))
        }
        #expect(ledger.imbalance == .zero, "\(place)")
        let rows = try await bench.rows(
            """
            SELECT id, cash, realised, fees, (SELECT coalesce(sum(cost), 0) FROM positions p WHERE p.account = a.id) AS cost
            FROM accounts a
            """)
        let row = try #require(try rows.first { try $0.text("id") == account })
        #expect(try row.money("cash") == ledger.cash, "\(place)")
        #expect(try row.money("realised") == ledger.realised, "\(place)")
        #expect(try row.money("fees") == ledger.fees, "\(place)")
        #expect(try row.money("cost") == ledger.openCost, "\(place)")
        var foreign: [String: Money] = [:]
        for row in try await bench.rows("SELECT account, asset, amount FROM account_fees")
        where try row.text("account") == account { foreign[try row.text("asset")] = try row.money("amount") }
        #expect(foreign == ledger.foreignFees, "\(place)")
    }
}
