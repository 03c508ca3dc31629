import Contracts
import Domain
import ExecutionCore
import Store

extension AccountBooks {
    /// Books the exit set a position needs, and withdraws what was never sent. What is at the venue is withdrawn there first,
    /// by the desk; until then the new set waits.
    func guardPosition(
        _ held: HeldPosition, _ lot: Quantity, _ correlation: String, _ now: Timestamp, _ transaction: Transaction
    ) async throws {
        let answers = try await transaction.queries([
            Query(
                "SELECT " + BookedOrder.columns + """
                     FROM orders WHERE account = $1 AND symbol = $2 AND reduce_only
                        AND state IN ('approved', 'submitting', 'open', 'partially_filled') FOR UPDATE OF orders
                    """, [account, held.position.symbol]),
            Query(
                "SELECT exits_version FROM positions WHERE account = $1 AND symbol = $2",
                [account, held.position.symbol]),
        ])
        let orders = try answers[0].map(BookedOrder.init)
        let live = orders.compactMap(\.liveExit)
        let change = ExitChange.decide(
            held: held, live: live, leaving: orders.contains { $0.leaves },
            lastVersion: try answers[1].first?.int64("exits_version") ?? 0, lot: lot, correlation: correlation, now: now
        )
        for exit in orders where change.withdraw.contains(exit.order.id) && exit.state == .approved {
            _ = try end(exit, .cancelled, "the position changed", transaction)
        }
        if let set = change.place { try insert(set.orders, of: set.position, set.version, transaction) }
    }

    /// Notes that what is held of a market cannot be sold, or can again, and tells it; once, however often it is noted.
    func mark(_ symbol: Symbol, unsellable obstacle: Instrument.Violation?) async throws {
        try await change { transaction, _ in try await self.mark(symbol, unsellable: obstacle, transaction) }
    }

    func mark(_ symbol: Symbol, unsellable obstacle: Instrument.Violation?, _ transaction: Transaction) async throws {
        let rows = try await transaction.query(
            """
            UPDATE positions SET unsellable = $3, updated_at = now()
            WHERE account = $1 AND symbol = $2 AND (unsellable = '') <> ($3 = '') RETURNING id, quantity
            """, [account, symbol, obstacle?.description ?? ""])
        guard let row = rows.first, let obstacle else { return }
        let (position, quantity) = (try row.text("id"), try row.quantity("quantity"))
        try append(
            SuiteEvent(
                kind: "position_unsellable", severity: "warning",
                summary: "\(quantity) of \(symbol) on account \(account) is too small to be sold",
                description: "\(obstacle). It is sold with what is bought next, or when the price has risen enough.",
                labels: ["account": account, "symbol": symbol.name]),
            on: Channels.suiteEvents, id: DerivedID.make("evt", "unsellable", position, quantity.description),
            correlation: position, causation: position, transaction)
    }

    /// Adds exits that wait to be sent.
    func insert(_ exits: [Order], of position: String, _ version: Int64, _ transaction: Transaction) throws {
        for order in exits {
            transaction.later(
                """
                INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, trigger_price, strategy, reason,
                    correlation, position_id, exits_version, decided_ns)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING
                """,
                [
                    order.id, account, order.symbol, order.side, order.type, order.purpose, order.quantity,
                    order.triggerPrice, order.strategy, order.reason, order.correlation, position, version,
                    order.decidedAt,
                ])
            try tell(
                BookedOrder(
                    order: order, state: .approved, filled: .zero, position: position, version: version),
                order.reason, transaction)
            transaction.later(
                """
                UPDATE positions SET exits_version = greatest(exits_version, $3)
                WHERE account = $1 AND symbol = $2 AND id = $4
                """, [account, order.symbol, version, position])
        }
    }

    /// Claims a set of protective orders together, so that all of it counts as sent.
    ///
    /// - Parameter firing: the set's other orders, which are given up because the trigger of `ids` was reached; nil where
    ///   `ids` go to the venue to wait there.
    /// - Returns: false when any of them is not `approved` (or `submitting`, when `again`) any more.
    func claimExits(
        _ ids: [String], firing partners: [String]? = nil, window: Duration, again: Bool = false
    ) async throws -> Bool {
        let reads = [ids, partners ?? []].map { ids in
            Query(
                "SELECT " + BookedOrder.columns + """
                     FROM orders WHERE id = ANY ($1::text[]) AND account = $2 AND state = $3 FOR UPDATE
                    """, [BoundArray(ids), account, again ? OrderState.submitting : .approved])
        }
        return try await change(reading: reads) { transaction, locked, answers in
            let rows = answers[0]
            guard rows.count == ids.count else { return false }
            transaction.later(
                """
                UPDATE orders SET state = 'submitting', claim_token = $2, attempts = attempts + 1,
                    submitted_at = clock_timestamp(), valid_until = clock_timestamp() + $3::interval, updated_at = now(),
                    fired = fired OR $4
                WHERE id = ANY ($1::text[])
                """, [BoundArray(ids), locked.token, window, partners != nil])
            for row in rows {
                var booked = try BookedOrder(row)
                booked.state = .submitting
                try self.tell(booked, "", transaction)
            }
            for row in answers[1] {
                _ = try self.end(try BookedOrder(row), .cancelled, "its partner was fired", transaction)
            }
            return true
        }
    }
}
