import Domain
import Foundation
import Store

/// Finds everything that belongs to a signal, a decision or an order.
struct StoryLoader: Sendable {
    let database: Database

    /// - Returns: nil when nothing has this id.
    func load(_ id: String) async throws -> Story? {
        guard let root = try await root(of: id) else { return nil }
        var story = Story()
        story.wish = try await wish(root)
        story.decisions = try await decisions(signal: root, id: id)
        let orders = try await orders(correlation: root, id: id)
        story.orders = orders
        let positions = Set(orders.compactMap(\.position))
        story.roundTrips = try await roundTrips(positions)
        story.holdings = try await holdings(positions)
        return story
    }

    /// The signal or command that an id goes back to.
    private func root(of id: String) async throws -> String? {
        let rows = try await database.query(
            """
            SELECT id AS root FROM signals WHERE id = $1
            UNION ALL SELECT coalesce(signal_id, id) FROM decisions WHERE id = $1 OR signal_id = $1
            UNION ALL SELECT correlation FROM orders WHERE id = $1 OR correlation = $1
            LIMIT 1
            """, [id])
        return try rows.first?.text("root")
    }

    private func wish(_ id: String) async throws -> Story.Wish? {
        let rows = try await database.query(
            """
            SELECT id, strategy, symbol, timeframe, candle_close_ns, action, price, stop, target, confidence,
                reasons::text AS reasons FROM signals WHERE id = $1
            """, [id])
        return try rows.first.map { row in
            // Told without them rather than not at all.
            let reasons = try? JSONDecoder().decode([String].self, from: Data(try row.text("reasons").utf8))
            return Story.Wish(
                id: try row.text("id"), strategy: try row.text("strategy"), symbol: try row.text("symbol"),
                timeframe: try row.text("timeframe"), candleClose: try row.timestamp("candle_close_ns"),
                action: try row.text("action"), price: try row.price("price"), stop: try row.optional("stop"),
                target: try row.optional("target"), confidence: try row.ratio("confidence"), reasons: reasons ?? [])
        }
    }

    private func decisions(signal: String, id: String) async throws -> [Story.Decision] {
        try await database.query(
            """
            SELECT id, account, outcome, code, reason, inputs::text AS inputs, decided_ns FROM decisions
            WHERE signal_id = $1 OR id IN ($1, $2) ORDER BY decided_ns, account LIMIT 50
            """, [signal, id]
        ).map { row in
            Story.Decision(
                id: try row.text("id"), account: try row.text("account"), outcome: try row.text("outcome"),
                code: try row.text("code"), reason: try row.text("reason"),
                figures: FigureList.read(try row.text("inputs")), decidedAt: try row.timestamp("decided_ns"))
        }
    }

    private func orders(correlation: String, id: String) async throws -> [Story.Order] {
        let rows = try await database.query(
            """
            SELECT id, decision_id, account, symbol, side, type, purpose, quantity, filled_quantity, trigger_price, state,
                state_reason, reason, position_id, decided_ns FROM orders
            WHERE correlation = $1 OR id = $2 ORDER BY account, decided_ns, created_at, id LIMIT 50
            """, [correlation, id])
        var orders: [Story.Order] = []
        for row in rows {
            let id = try row.text("id")
            orders.append(
                Story.Order(
                    id: id, decision: try row.optional("decision_id"), account: try row.text("account"),
                    symbol: try row.text("symbol"), side: try row.text("side"), type: try row.text("type"),
                    purpose: try row.text("purpose"), quantity: try row.quantity("quantity"),
                    filled: try row.quantity("filled_quantity"), trigger: try row.optional("trigger_price"),
                    state: try row.text("state"), stateReason: try row.text("state_reason"),
                    reason: try row.text("reason"), position: try row.optional("position_id"),
                    decidedAt: try row.timestamp("decided_ns"), fills: try await fills(id)))
        }
        return orders
    }

    private func fills(_ order: String) async throws -> [Story.Fill] {
        try await database.query(
            "SELECT filled_ns, quantity, price, fee FROM fills WHERE order_id = $1 ORDER BY booked LIMIT 100", [order]
        ).map { row in
            Story.Fill(
                time: try row.timestamp("filled_ns"), quantity: try row.quantity("quantity"),
                price: try row.price("price"), fee: try row.money("fee"))
        }
    }

    private func roundTrips(_ positions: Set<String>) async throws -> [Story.RoundTrip] {
        try await database.query(
            """
            SELECT account, symbol, quantity, entry_price, exit_price, realised, fees, reason, closed_ns FROM trades
            WHERE id = ANY ($1::text[]) ORDER BY closed_ns
            """, [BoundArray(positions.sorted())]
        ).map { row in
            Story.RoundTrip(
                account: try row.text("account"), symbol: try row.text("symbol"),
                quantity: try row.quantity("quantity"), entry: try row.price("entry_price"),
                exit: try row.price("exit_price"), realised: try row.money("realised"), fees: try row.money("fees"),
                reason: try row.text("reason"), closedAt: try row.timestamp("closed_ns"))
        }
    }

    private func holdings(_ positions: Set<String>) async throws -> [Story.Holding] {
        try await database.query(
            """
            SELECT account, symbol, quantity, cost, stop, target FROM positions
            WHERE id = ANY ($1::text[]) AND is_open AND quantity > 0 ORDER BY account
            """, [BoundArray(positions.sorted())]
        ).map { row in
            Story.Holding(
                account: try row.text("account"), symbol: try row.text("symbol"),
                quantity: try row.quantity("quantity"), cost: try row.money("cost"), stop: try row.optional("stop"),
                target: try row.optional("target"))
        }
    }
}
