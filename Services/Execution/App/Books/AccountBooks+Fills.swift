import Contracts
import Domain
import ExecutionCore
import Store

extension AccountBooks {
    /// What booking fills changed.
    struct Booked: Sendable {
        /// Those that were not in the books before.
        let fills: [Fill]
        let order: BookedOrder
        let closed: [HeldPosition.RoundTrip]
    }

    /// Books fills of one order, one transaction for all of them: fill, order, position, account, trade, performance, exits
    /// and events together, or nothing.
    ///
    /// A fill that is in the books already changes nothing, and one that was set aside stays there. Nil when the order is not ours.
    ///
    /// - Parameter settler: who books fills that were set aside after all; nil for others.
    func book(
        _ fills: [Fill], of id: String, lot: Quantity, venueID: String?, settling settler: String? = nil
    ) async throws -> Booked? {
        try await change { transaction, _ in
            let rows = try await transaction.query(
                "SELECT " + BookedOrder.columns + " FROM orders WHERE id = $1 AND account = $2 FOR UPDATE",
                [id, self.account])
            guard let row = rows.first else { return nil }
            var booked = try BookedOrder(row)
            let before = booked.state
            var new: [Fill] = []
            var closed: [HeldPosition.RoundTrip] = []
            var held = try await self.position(booked.order.symbol, transaction)
            let fills = try await self.bookable(fills, of: id, settler, transaction)
            for fill in fills where try await self.insert(fill, transaction) {
                new.append(fill)
                let effect = try self.apply(fill, booked.order, &held, lot)
                if let trip = effect.closed { closed.append(trip) }
                try await self.settle(effect, fill, transaction)
                try await self.move(&booked, by: fill, held, venueID, transaction)
            }
            guard let last = new.last else { return Booked(fills: [], order: booked, closed: []) }
            try await self.store(held, transaction)
            for trip in closed { try await self.close(trip, transaction) }
            try await self.announce(new, booked, before, held, transaction)
            try await self.guardPosition(held, lot, booked.order.correlation, last.time, transaction)
            return Booked(fills: new, order: booked, closed: closed)
        }
    }

    /// Brings the protective orders of a market to what the position needs, as far as the rows alone can.
    func tendExits(_ symbol: Symbol, lot: Quantity, now: Timestamp, correlation: String) async throws {
        try await change { transaction, _ in
            let held = try await self.position(symbol, transaction)
            let fill = try await transaction.query(
                "SELECT max(filled_ns) AS at FROM fills WHERE account = $1 AND symbol = $2", [self.account, symbol])
            // The position is to be guarded since its last fill: what the market has reached since then counts.
            let since: Timestamp? = try fill.first?.optional("at")
            try await self.guardPosition(held, lot, correlation, min(since ?? now, now), transaction)
        }
    }

    func position(_ symbol: Symbol, _ transaction: Transaction) async throws -> HeldPosition {
        let rows = try await transaction.query(
            "SELECT " + HeldPosition.columns + " FROM positions WHERE account = $1 AND symbol = $2", [account, symbol])
        return try rows.first.map(HeldPosition.init) ?? HeldPosition(account: account, symbol: symbol)
    }

    private func insert(_ fill: Fill, _ transaction: Transaction) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO fills (account, symbol, venue_trade_id, order_id, side, price, quantity, fee, fee_in_base, maker,
                filled_ns, fee_asset, fee_amount)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING
            """,
            [
                account, fill.symbol, fill.venueTradeID, fill.orderID, fill.side, fill.price, fill.quantity, fill.fee,
                fill.feeInBase, fill.isMaker, fill.time, fill.foreignFee?.asset, fill.foreignFee?.amount,
            ]) == 1
    }

    private func apply(
        _ fill: Fill, _ order: Order, _ held: inout HeldPosition, _ lot: Quantity
    ) throws -> HeldPosition.Effect {
        do throws(Position.BookingError) {
            return try held.book(fill, of: order, lot: lot)
        } catch {
            switch error {
            case .oversold(let held, let sold):
                throw StoreError(.constraintViolation, "a fill sells \(sold) of \(held) held in \(fill.symbol)")
            case .outOfRange(let held, let bought):
                throw StoreError(
                    .constraintViolation, "a fill of \(bought) cannot be added to \(held) held in \(fill.symbol)")
            }
        }
    }

    private func settle(_ effect: HeldPosition.Effect, _ fill: Fill, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "UPDATE accounts SET cash = cash + $2, realised = realised + $3, fees = fees + $4 WHERE id = $1",
            [account, effect.booking.cash, effect.booking.realised, effect.booking.fee])
        guard let foreign = fill.foreignFee else { return }
        try await transaction.execute(
            """
            INSERT INTO account_fees (account, asset, amount) VALUES ($1, $2, $3)
            ON CONFLICT (account, asset) DO UPDATE SET amount = account_fees.amount + excluded.amount
            """, [account, foreign.asset, foreign.amount])
    }

    private func move(
        _ booked: inout BookedOrder, by fill: Fill, _ held: HeldPosition, _ venueID: String?,
        _ transaction: Transaction
    ) async throws {
        var life = OrderLife(
            quantity: booked.order.quantity, state: booked.state, filled: booked.filled, aside: booked.aside)
        let remaining = life.remaining
        _ = life.handle(.filled(fill.quantity))
        booked.state = life.state
        booked.filled = life.filled
        booked.position = held.id
        try await transaction.execute(
            """
            UPDATE orders SET state = $2, filled_quantity = $3, venue_order_id = coalesce($4, venue_order_id),
                position_id = coalesce(position_id, $5), updated_at = now(),
                reserved = CASE WHEN $6 OR $7::numeric <= 0 THEN 0 ELSE trunc(reserved * $8::numeric / $7::numeric, 8) END
            WHERE id = $1
            """,
            [
                booked.order.id, life.state, life.filled, venueID, held.id, life.state.isTerminal, remaining,
                life.remaining,
            ])
    }

    private func store(_ held: HeldPosition, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO positions (account, symbol, id, quantity, cost, strategy, stop, target, opened_ns, is_open, bought,
                bought_for, sold, sold_for, realised, fees)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            ON CONFLICT (account, symbol) DO UPDATE SET id = excluded.id, quantity = excluded.quantity,
                cost = excluded.cost, strategy = excluded.strategy, stop = excluded.stop, target = excluded.target,
                opened_ns = excluded.opened_ns, is_open = excluded.is_open, bought = excluded.bought,
                bought_for = excluded.bought_for, sold = excluded.sold, sold_for = excluded.sold_for,
                realised = excluded.realised, fees = excluded.fees, unsellable = '', updated_at = now(),
                exits_version = CASE WHEN positions.id = excluded.id THEN positions.exits_version ELSE 0 END
            """,
            [
                account, held.position.symbol, held.id, held.position.quantity, held.position.cost, held.strategy,
                held.stop, held.target, held.openedAt, held.isOpen, held.tally.bought, held.tally.boughtFor,
                held.tally.sold, held.tally.soldFor, held.tally.realised, held.tally.fees,
            ])
    }

    private func close(_ trip: HeldPosition.RoundTrip, _ transaction: Transaction) async throws {
        let inserted = try await transaction.execute(
            """
            INSERT INTO trades (id, account, symbol, strategy, quantity, entry_price, exit_price, opened_ns, closed_ns,
                realised, fees, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
            """,
            [
                trip.id, account, trip.symbol, trip.strategy, trip.quantity, trip.entryPrice, trip.exitPrice,
                trip.openedAt, trip.closedAt, trip.realised, trip.fees, trip.reason,
            ])
        guard inserted == 1, !trip.strategy.isEmpty else { return }
        let net = trip.realised - trip.fees
        try await transaction.execute(
            """
            INSERT INTO strategy_performance (strategy, account, trades, wins, net_profit, fees)
            VALUES ($1, $2, 1, $3, $4, $5)
            ON CONFLICT (strategy, account) DO UPDATE SET trades = strategy_performance.trades + 1,
                wins = strategy_performance.wins + excluded.wins,
                net_profit = strategy_performance.net_profit + excluded.net_profit,
                fees = strategy_performance.fees + excluded.fees, updated_at = now()
            """, [trip.strategy, account, net.isPositive ? 1 : 0, net, trip.fees])
    }

    private func announce(
        _ fills: [Fill], _ booked: BookedOrder, _ before: OrderState, _ held: HeldPosition, _ transaction: Transaction
    ) async throws {
        let correlation = booked.order.correlation
        for fill in fills {
            try await append(
                FillBooked(fill: fill), on: Channels.fills,
                id: DerivedID.make("evt", "fill", account, fill.symbol.name, fill.venueTradeID),
                correlation: correlation, causation: fill.orderID, transaction)
        }
        if booked.state != before { try await tell(booked, "", transaction) }
        guard let last = fills.last else { return }
        let change = PositionChanged(
            account: account, symbol: last.symbol, quantity: held.position.quantity, cost: held.position.cost)
        try await append(
            change, on: Channels.positions,
            id: DerivedID.make("evt", "position", account, last.symbol.name, last.venueTradeID),
            correlation: correlation, causation: last.orderID, transaction)
    }
}
