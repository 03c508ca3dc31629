import Domain
import ExecutionCore
import Foundation
import Store

extension AccountBooks {
    /// Keeps a fill that cannot be booked, as the venue told of it. While one is there the account takes no new risk.
    func setAside(_ fill: Fill, of id: String, because reason: String) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let body = String(decoding: try encoder.encode(fill), as: UTF8.self)
        try await change { transaction, _ in
            _ = try await transaction.execute(
                """
                INSERT INTO fills_set_aside (account, symbol, venue_trade_id, order_id, quantity, body, reason)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (account, symbol, venue_trade_id) DO UPDATE SET reason = excluded.reason,
                    attempts = fills_set_aside.attempts + 1, tried_at = now() WHERE fills_set_aside.settlement IS NULL
                """,
                [
                    self.account, fill.symbol, fill.venueTradeID, id, fill.quantity, body, String(reason.prefix(500)),
                ])
        }
    }

    /// Whether an order with this id, which this account has not, is another account's.
    func isAnothers(_ id: String) async throws -> Bool {
        try await patiently {
            try await !self.database.query(
                "SELECT 1 AS one FROM orders WHERE id = $1 AND account <> $2", [id, self.account]
            ).isEmpty
        }
    }

    /// The fills of a market that are set aside, with their orders, oldest first.
    func aside(_ symbol: Symbol) async throws -> [(order: String, fill: Fill)] {
        try await patiently {
            try await self.database.query(
                """
                SELECT order_id, body::text AS body FROM fills_set_aside
                WHERE account = $1 AND symbol = $2 AND settlement IS NULL ORDER BY at, venue_trade_id LIMIT 100
                """, [self.account, symbol]
            ).map { row in
                (try row.text("order_id"), try JSONDecoder().decode(Fill.self, from: Data(try row.text("body").utf8)))
            }
        }
    }

    /// Fills that were set aside are booked after all.
    func settleAside(_ fills: [Fill], of id: String, by settler: String, _ transaction: Transaction) {
        transaction.later(
            """
            UPDATE fills_set_aside SET settlement = 'booked', settled_at = now(), settled_by = $4
            WHERE account = $1 AND order_id = $2 AND venue_trade_id = ANY ($3::text[]) AND settlement IS NULL
            """, [account, id, BoundArray(fills.map(\.venueTradeID)), settler])
    }
}

extension AccountBooks {
    /// Gives up a fill that is set aside: somebody has put the difference right by hand. It is never booked.
    ///
    /// - Returns: false when there is none of this trade.
    @discardableResult
    func dismiss(_ trade: String, _ symbol: Symbol, by: String, because reason: String) async throws -> Bool {
        try await change { transaction, _ in
            try await transaction.execute(
                """
                UPDATE fills_set_aside SET settlement = 'dismissed', settled_at = now(), settled_by = $4, settled_because = $5
                WHERE account = $1 AND symbol = $2 AND venue_trade_id = $3 AND settlement IS NULL
                """, [self.account, symbol, trade, by, reason]) == 1
        }
    }

    /// A fill that is set aside, for people.
    struct Aside: Encodable, Sendable {
        let account: String
        let symbol: String
        let trade: String
        let order: String
        let fill: Fill
        let reason: String
        let attempts: Int
    }

    /// All fills of the account that are set aside, oldest first; 500 at most.
    func allAside() async throws -> [Aside] {
        try await patiently {
            try await self.database.query(
                """
                SELECT symbol, venue_trade_id, order_id, body::text AS body, reason, attempts FROM fills_set_aside
                WHERE account = $1 AND settlement IS NULL ORDER BY at, venue_trade_id LIMIT 500
                """, [self.account]
            ).map { row in
                Aside(
                    account: self.account, symbol: try row.text("symbol"), trade: try row.text("venue_trade_id"),
                    order: try row.text("order_id"),
                    fill: try JSONDecoder().decode(Fill.self, from: Data(try row.text("body").utf8)),
                    reason: try row.text("reason"), attempts: try row.int("attempts"))
            }
        }
    }
}
