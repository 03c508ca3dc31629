import Domain
import Foundation
import TestKit

/// The books of a running suite, recomputed from what cannot be wrong: transfers and fills.
struct Books {
    /// A difference between what is booked and what follows from the fills.
    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    /// Everything that is wrong with the books now; empty when all is well.
    static func differences(in suite: Suite) async throws -> [String] {
        var found: [String] = []
        for account in try await suite.sql("SELECT id FROM accounts ORDER BY id").split(separator: "\n") {
            found += try await moneyDifferences(suite, String(account))
        }
        found += try await exitDifferences(suite)
        found += try await orderDifferences(suite)
        return found
    }

    /// Waits until the books are in order, for a fill may be on its way at any moment.
    static func settle(_ suite: Suite, within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let found = try await differences(in: suite)
            if found.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                throw Difference(description: found.joined(separator: "\n"))
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The venue's fills of account `main` are its rows: none lost, none doubled, none changed.
    static func agreeWithVenue(_ suite: Suite, within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let ours = try await suite.sql(
                """
                SELECT symbol || ' ' || venue_trade_id || ' ' || order_id || ' ' || trim_scale(price) || ' '
                  || trim_scale(quantity) FROM fills WHERE account = 'main'
                """)
            let booked = Set(ours.split(separator: "\n").map(String.init))
            let atVenue = try await venueFills(suite)
            if booked == atVenue, booked.count == ours.split(separator: "\n").count { return }
            guard ContinuousClock.now < deadline else {
                throw Difference(
                    description: """
                        only at the venue: \(atVenue.subtracting(booked).sorted())
                        only in the books: \(booked.subtracting(atVenue).sorted())
                        """)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private struct VenueFill: Decodable {
        let symbol: String
        let id: Int64
        let clientOrderId: String
        let price: String
        let qty: String
    }

    private static func venueFills(_ suite: Suite) async throws -> Set<String> {
        guard let text = try await suite.get("exchange-sim", "/control/fills") else {
            throw Difference(description: "the exchange does not show its fills")
        }
        let fills = try JSONDecoder().decode([VenueFill].self, from: Data(text.utf8))
        return Set(
            try fills.map { fill in
                "\(fill.symbol) \(fill.id) \(fill.clientOrderId) \(try Price(fill.price[...])) \(try Quantity(fill.qty[...]))"
            })
    }

    /// Deposits − withdrawals + realised − fees = cash + cost of open positions, and each figure as the fills say.
    private static func moneyDifferences(_ suite: Suite, _ account: String) async throws -> [String] {
        // One statement: one snapshot of transfers, fills, positions and the account.
        let text = try await suite.sql(
            """
            SELECT 'transfer', kind, amount, '', '', '', '', '' FROM account_transfers WHERE account = '\(account)'
            UNION ALL SELECT * FROM (SELECT 'fill', side, price::text::numeric, quantity::text, fee::text,
            fee_in_base::text, symbol, venue_trade_id FROM fills WHERE account = '\(account)' ORDER BY booked) f
            UNION ALL SELECT 'account', '', cash, realised::text, fees::text, '', '', '' FROM accounts
            WHERE id = '\(account)'
            UNION ALL SELECT 'position', symbol, cost, quantity::text, '', '', '', '' FROM positions
            WHERE account = '\(account)'
            """)
        var ledger = Ledger()
        var booked: (cash: Money, realised: Money, fees: Money)?
        var positions: [Symbol: Position] = [:]
        for line in text.split(separator: "\n") {
            let field = line.split(separator: "|", omittingEmptySubsequences: false)
            switch field[0] {
            case "transfer":
                if field[1] == "deposit" {
                    ledger.deposit(try Money(field[2]))
                } else {
                    ledger.withdraw(try Money(field[2]))
                }
            case "fill":
                try ledger.book(try fill(field, account))
            case "account":
                booked = (try Money(field[2]), try Money(field[3]), try Money(field[4]))
            default:
                guard let symbol = Symbol(field[1]) else { continue }
                positions[symbol] = Position(
                    symbol: symbol, quantity: try Quantity(field[3]), cost: try Money(field[2]))
            }
        }
        guard let booked else { return ["\(account): no such account"] }
        var found: [String] = []
        func compare(_ what: String, _ books: Money, _ fills: Money) {
            if books != fills { found.append("\(account): \(what) is \(books), the fills say \(fills)") }
        }
        compare("cash", booked.cash, ledger.cash)
        compare("realised", booked.realised, ledger.realised)
        compare("fees", booked.fees, ledger.fees)
        compare("the imbalance", .zero, ledger.imbalance)
        for (symbol, expected) in ledger.positions.sorted(by: { $0.key < $1.key }) {
            let held = positions[symbol] ?? Position(symbol: symbol)
            if held != expected { found.append("\(account) \(symbol): \(held) is booked, the fills say \(expected)") }
        }
        return found
    }

    private static func fill(_ field: [Substring], _ account: String) throws -> Fill {
        guard let side = Side(rawValue: String(field[1])), let symbol = Symbol(field[6]) else {
            throw Difference(description: "unreadable fill \(field)")
        }
        return Fill(
            venueTradeID: String(field[7]), orderID: "", account: account, symbol: symbol, side: side,
            price: try Price(field[2]), quantity: try Quantity(field[3]), fee: try Money(field[4]),
            feeInBase: try Quantity(field[5]), isMaker: false, time: .zero)
    }

    /// Each open position has exactly one live stop and one live target, for exactly its quantity.
    private static func exitDifferences(_ suite: Suite) async throws -> [String] {
        let text = try await suite.sql(
            """
            SELECT p.account, p.symbol, p.quantity, purposes.purpose, count(o.id), coalesce(max(o.quantity), 0)
            FROM positions p CROSS JOIN (VALUES ('stop_loss'), ('take_profit')) purposes(purpose)
            LEFT JOIN orders o ON o.account = p.account AND o.symbol = p.symbol AND o.purpose = purposes.purpose
              AND o.state IN ('approved', 'submitting', 'open', 'partially_filled')
            WHERE p.quantity > 0 AND p.unsellable = ''
              AND NOT EXISTS (SELECT FROM orders x WHERE x.account = p.account AND x.symbol = p.symbol
                AND x.purpose IN ('exit', 'flatten') AND x.state IN ('approved', 'submitting', 'open', 'partially_filled'))
            GROUP BY 1, 2, 3, 4 HAVING count(o.id) <> 1 OR max(o.quantity - o.filled_quantity) <> p.quantity
            """)
        return text.split(separator: "\n").map { "not exactly one live exit: \($0)" }
    }

    /// What an order says was filled is what its fills add up to.
    private static func orderDifferences(_ suite: Suite) async throws -> [String] {
        let text = try await suite.sql(
            """
            SELECT o.id, o.state, o.quantity, o.filled_quantity, coalesce(sum(f.quantity), 0)
            FROM orders o LEFT JOIN fills f ON f.order_id = o.id GROUP BY o.id
            HAVING o.filled_quantity <> coalesce(sum(f.quantity), 0)
              OR (o.state = 'filled' AND o.filled_quantity <> o.quantity) OR o.filled_quantity > o.quantity
            """)
        return text.split(separator: "\n").map { "order and fills differ: \($0)" }
    }
}
