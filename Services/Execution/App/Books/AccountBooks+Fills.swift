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
        let reads = [lockOrder(id), positionQuery(ofOrder: id), known(fills, of: id, settler)]
        return try await change(reading: reads) { transaction, _, answers in
            guard let row = answers[0].first else { return nil }
            var booked = try BookedOrder(row)
            let before = booked.state
            var new: [Fill] = []
            var closed: [HeldPosition.RoundTrip] = []
            var held = try self.position(answers[1], booked.order.symbol)
            var known = try Self.known(answers[2], among: fills)
            if let settler { self.settleAside(fills, of: id, by: settler, transaction) }
            for fill in fills where known.insert(fill.venueTradeID).inserted {
                self.insert(fill, transaction)
                new.append(fill)
                let effect = try self.apply(fill, booked.order, &held, lot)
                if let trip = effect.closed { closed.append(trip) }
                self.settle(effect, fill, transaction)
                self.move(&booked, by: fill, held, venueID, transaction)
            }
            guard let last = new.last else { return Booked(fills: [], order: booked, closed: []) }
            self.store(held, transaction)
            for trip in closed { self.close(trip, transaction) }
            try self.announce(new, booked, before, held, transaction)
            try await self.guardPosition(held, lot, booked.order.correlation, last.time, transaction)
            return Booked(fills: new, order: booked, closed: closed)
        }
    }

    /// The trades among `fills` that are not to be booked again.
    ///
    /// - Throws: `StoreError.constraintViolation` when the books have another fill under the number of one: numbers that begin
    ///   anew at the venue.
    private static func known(_ rows: [Row], among fills: [Fill]) throws -> Set<String> {
        let aside = Set(try rows.filter { try $0.bool("aside") }.map { try $0.text("venue_trade_id") })
        let told = Dictionary(fills.map { ($0.venueTradeID, $0) }) { first, _ in first }
        for row in rows where try !row.bool("aside") {
            guard let fill = told[try row.text("venue_trade_id")], !aside.contains(fill.venueTradeID) else { continue }
            let (order, quantity) = (try row.text("order_id"), try row.quantity("quantity"))
            guard order == fill.orderID, quantity == fill.quantity else {
                throw StoreError(
                    .constraintViolation,
                    "trade \(fill.venueTradeID) is in the books as \(quantity) of \(order), not as \(fill.quantity)")
            }
        }
        return aside.union(try rows.map { try $0.text("venue_trade_id") })
    }

    /// Finds the trades among `fills` that are in the books, or set aside for whoever settles them.
    private func known(_ fills: [Fill], of id: String, _ settler: String?) -> Query {
        Query(
            """
            SELECT venue_trade_id, order_id, quantity, false AS aside FROM fills
            WHERE account = $1 AND symbol = ANY ($2::text[]) AND venue_trade_id = ANY ($3::text[])
            UNION ALL SELECT venue_trade_id, order_id, quantity, true FROM fills_set_aside
            WHERE order_id = $4 AND account = $1 AND settlement IS DISTINCT FROM 'booked' AND $5::text IS NULL
            """,
            [
                account, BoundArray(Set(fills.map(\.symbol.name)).sorted()), BoundArray(fills.map(\.venueTradeID)), id,
                settler,
            ])
    }

    /// Brings the protective orders of a market to what the position needs, as far as the rows alone can.
    func tendExits(_ symbol: Symbol, lot: Quantity, now: Timestamp, correlation: String) async throws {
        let lastFill = Query(
            "SELECT max(filled_ns) AS at FROM fills WHERE account = $1 AND symbol = $2", [account, symbol])
        try await change(reading: [positionQuery(symbol), lastFill]) { transaction, _, answers in
            let held = try self.position(answers[0], symbol)
            // The position is to be guarded since its last fill: what the market has reached since then counts.
            let since: Timestamp? = try answers[1].first?.optional("at")
            try await self.guardPosition(held, lot, correlation, min(since ?? now, now), transaction)
        }
    }

    func positionQuery(_ symbol: Symbol) -> Query {
        Query(
            "SELECT " + HeldPosition.columns + " FROM positions WHERE account = $1 AND symbol = $2", [account, symbol])
    }

    private func positionQuery(ofOrder id: String) -> Query {
        Query(
            "SELECT " + HeldPosition.columns + """
                 FROM positions WHERE account = $1
                    AND symbol = (SELECT symbol FROM orders WHERE id = $2 AND account = $1)
                """, [account, id])
    }

    /// The position that `positionQuery` found, or none.
    func position(_ rows: [Row], _ symbol: Symbol) throws -> HeldPosition {
        try rows.first.map(HeldPosition.init) ?? HeldPosition(account: account, symbol: symbol)
    }

    private func insert(_ fill: Fill, _ transaction: Transaction) {
        transaction.later(
            """
            INSERT INTO fills (account, symbol, venue_trade_id, order_id, side, price, quantity, fee, fee_in_base, maker,
                filled_ns, fee_asset, fee_amount)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                account, fill.symbol, fill.venueTradeID, fill.orderID, fill.side, fill.price, fill.quantity, fill.fee,
                fill.feeInBase, fill.isMaker, fill.time, fill.foreignFee?.asset, fill.foreignFee?.amount,
            ])
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

    private func settle(_ effect: HeldPosition.Effect, _ fill: Fill, _ transaction: Transaction) {
        transaction.later(
            "UPDATE accounts SET cash = cash + $2, realised = realised + $3, fees = fees + $4 WHERE id = $1",
            [account, effect.booking.cash, effect.booking.realised, effect.booking.fee])
        guard let foreign = fill.foreignFee else { return }
        transaction.later(
            """
            INSERT INTO account_fees (account, asset, amount) VALUES ($1, $2, $3)
            ON CONFLICT (account, asset) DO UPDATE SET amount = account_fees.amount + excluded.amount
            """, [account, foreign.asset, foreign.amount])
    }

    private func move(
        _ booked: inout BookedOrder, by fill: Fill, _ held: HeldPosition, _ venueID: String?,
        _ transaction: Transaction
    ) {
        var life = OrderLife(
            quantity: booked.order.quantity, state: booked.state, filled: booked.filled, aside: booked.aside)
        let remaining = life.remaining
        _ = life.handle(.filled(fill.quantity))
        booked.state = life.state
        booked.filled = life.filled
        booked.position = held.id
        transaction.later(
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

    private func store(_ held: HeldPosition, _ transaction: Transaction) {
        transaction.later(
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

    /// Books a trade, and adds it to the performance of its strategy when it was not in the books.
    private func close(_ trip: HeldPosition.RoundTrip, _ transaction: Transaction) {
        let net = trip.realised - trip.fees
        transaction.later(
            """
            WITH trade AS (
                INSERT INTO trades (id, account, symbol, strategy, quantity, entry_price, exit_price, opened_ns, closed_ns,
                    realised, fees, reason)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
                RETURNING strategy, account, fees)
            INSERT INTO strategy_performance (strategy, account, trades, wins, net_profit, fees)
            SELECT strategy, account, 1, $13::integer, $14::numeric, fees FROM trade WHERE strategy <> ''
            ON CONFLICT (strategy, account) DO UPDATE SET trades = strategy_performance.trades + 1,
                wins = strategy_performance.wins + excluded.wins,
                net_profit = strategy_performance.net_profit + excluded.net_profit,
                fees = strategy_performance.fees + excluded.fees, updated_at = now()
            """,
            [
                trip.id, account, trip.symbol, trip.strategy, trip.quantity, trip.entryPrice, trip.exitPrice,
                trip.openedAt, trip.closedAt, trip.realised, trip.fees, trip.reason, net.isPositive ? 1 : 0, net,
            ])
    }

    private func announce(
        _ fills: [Fill], _ booked: BookedOrder, _ before: OrderState, _ held: HeldPosition, _ transaction: Transaction
    ) throws {
        let correlation = booked.order.correlation
        for fill in fills {
            try append(
                FillBooked(fill: fill), on: Channels.fills,
                id: DerivedID.make("evt", "fill", account, fill.symbol.name, fill.venueTradeID),
                correlation: correlation, causation: fill.orderID, transaction)
        }
        if booked.state != before { try tell(booked, "", transaction) }
        guard let last = fills.last else { return }
        let change = PositionChanged(
            account: account, symbol: last.symbol, quantity: held.position.quantity, cost: held.position.cost)
        try append(
            change, on: Channels.positions,
            id: DerivedID.make("evt", "position", account, last.symbol.name, last.venueTradeID),
            correlation: correlation, causation: last.orderID, transaction)
    }
}
