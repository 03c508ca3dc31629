import Contracts
import Domain
import ExecutionCore
import Store

extension AccountBooks {
    /// What became of the wish to send an order.
    enum Claim: Sendable {
        /// It is ours to send now, and counts as sent from here on.
        case send(BookedOrder)
        /// It will never be sent.
        case ended(BookedOrder)
        /// Protective orders have to be withdrawn at the venue first.
        case blocked
        /// The venue takes no entries now.
        case later
        /// Somebody else has it, or it is over.
        case gone
    }

    /// What the claim is checked against.
    struct ClaimTerms: Sendable {
        let now: Timestamp
        let window: Duration
        let lot: Quantity
        /// The venue takes no entries now: they wait until they expire.
        let holdsEntries: Bool
        /// Whether the venue would refuse to sell so much, as too small.
        let tooSmall: @Sendable (Quantity) -> Instrument.Violation?
        /// The last check of an entry; a refusal ends it.
        let check: @Sendable (Order) -> OrderGuard.Refusal?
    }

    /// Claims an order for sending: one conditional update under the account's lock. One found in `submitting` is claimed
    /// again, for which it must be certain that the venue does not have it.
    func claim(_ id: String, of symbol: Symbol, _ terms: ClaimTerms, again: Bool = false) async throws -> Claim {
        try await change(reading: [lockOrder(id)]) { transaction, locked, answers in
            guard let row = answers[0].first else { return .gone }
            var booked = try BookedOrder(row)
            // Whoever rang may have named another market.
            guard booked.order.symbol == symbol else { return .gone }
            guard booked.state == (again ? .submitting : .approved) else { return .gone }
            if let (state, reason) = Self.obstacle(booked.order, terms, locked) {
                return .ended(try self.end(booked, state, reason, transaction))
            }
            if terms.holdsEntries, !booked.order.purpose.isReduceOnly { return .later }
            if booked.leaves {
                let fitted = try await self.fit(booked, terms.lot, transaction)
                guard let fitted else { return .blocked }
                guard fitted.order.quantity.isPositive else {
                    return .ended(try self.end(booked, .cancelled, "nothing is held", transaction))
                }
                booked = fitted
                if let obstacle = terms.tooSmall(fitted.order.quantity) {
                    try await self.mark(fitted.order.symbol, unsellable: obstacle, transaction)
                    return .ended(try self.end(booked, .rejected, "dust: \(obstacle)", transaction))
                }
            }
            transaction.later(
                """
                UPDATE orders SET state = 'submitting', state_reason = '', quantity = $2, claim_token = $3,
                    attempts = attempts + 1, submitted_at = clock_timestamp(),
                    valid_until = clock_timestamp() + $4::interval, updated_at = now()
                WHERE id = $1
                """, [id, booked.order.quantity, locked.token, terms.window])
            booked.state = .submitting
            try self.tell(booked, "", transaction)
            return .send(booked)
        }
    }

    /// Reads an order of this account and locks its row.
    func lockOrder(_ id: String) -> Query {
        Query(
            "SELECT " + BookedOrder.columns + " FROM orders WHERE id = $1 AND account = $2 FOR UPDATE", [id, account])
    }

    private static func obstacle(
        _ order: Order, _ terms: ClaimTerms, _ locked: Locked
    ) -> (OrderState, String)? {
        if let expiry = order.expiresAt, terms.now >= expiry { return (.expired, "not sent before \(expiry)") }
        guard !order.purpose.isReduceOnly else { return nil }
        if locked.trading != .running { return (.cancelled, "trading is \(locked.trading.rawValue)") }
        if locked.fillsAside > 0 {
            return (.rejected, "fill_set_aside: \(locked.fillsAside) fills could not be booked and are not settled")
        }
        if let refusal = terms.check(order) { return (.rejected, "\(refusal.code): \(refusal)") }
        return nil
    }

    /// Brings an order that leaves to what is held, and withdraws the exits that were not sent; nil while some are at the venue.
    private func fit(_ booked: BookedOrder, _ lot: Quantity, _ transaction: Transaction) async throws -> BookedOrder? {
        let symbol = booked.order.symbol
        let answers = try await transaction.queries([
            Query(
                "SELECT " + BookedOrder.columns + """
                     FROM orders WHERE account = $1 AND symbol = $2 AND id <> $3 AND reduce_only
                        AND state IN ('approved', 'submitting', 'open', 'partially_filled') FOR UPDATE
                    """, [account, symbol, booked.order.id]),
            positionQuery(symbol),
        ])
        let rivals = try answers[0].map(BookedOrder.init)
        guard rivals.allSatisfy({ $0.state == .approved }) else { return nil }
        for exit in rivals where exit.isExit {
            _ = try end(exit, .cancelled, "an order closes the position", transaction)
        }
        let held = try position(answers[1], symbol).position.quantity.roundedDown(to: lot)
        var fitted = booked
        fitted.order = booked.order.resized(to: min(booked.order.quantity, held))
        return fitted
    }

    /// Stores where an order is by the venue's word.
    func progress(_ id: String, to state: OrderState, venueID: String? = nil, reason: String = "") async throws {
        try await change(reading: [lockOrder(id)]) { transaction, _, answers in
            guard let row = answers[0].first else { return }
            let booked = try BookedOrder(row)
            guard !booked.state.isTerminal else { return }
            if state.isTerminal {
                _ = try self.end(booked, state, reason, transaction, venueID: venueID)
                return
            }
            transaction.later(
                """
                UPDATE orders SET state = $2, state_reason = $3, venue_order_id = coalesce($4, venue_order_id),
                    updated_at = now()
                WHERE id = $1 AND (state <> $2 OR ($4::text IS NOT NULL AND venue_order_id IS DISTINCT FROM $4::text))
                """, [id, state, reason, venueID])
            guard booked.state != state else { return }
            var told = booked
            told.state = state
            try self.tell(told, reason, transaction)
        }
    }

    /// Ends an order and gives back what was held back for it.
    func end(
        _ booked: BookedOrder, _ state: OrderState, _ reason: String, _ transaction: Transaction,
        venueID: String? = nil
    ) throws -> BookedOrder {
        transaction.later(
            """
            UPDATE orders SET state = $2, state_reason = $3, reserved = 0,
                venue_order_id = coalesce($4, venue_order_id), updated_at = now() WHERE id = $1
            """, [booked.order.id, state, String(reason.prefix(500)), venueID])
        var ended = booked
        ended.state = state
        try tell(ended, reason, transaction)
        return ended
    }

    /// Ends orders that were not sent, in one transaction.
    func withdraw(_ ids: [String], reason: String) async throws {
        let unsent = Query(
            "SELECT " + BookedOrder.columns + """
                 FROM orders WHERE id = ANY ($1::text[]) AND account = $2 AND state = 'approved' FOR UPDATE
                """, [BoundArray(ids), account])
        try await change(reading: [unsent]) { transaction, _, answers in
            for row in answers[0] {
                _ = try self.end(try BookedOrder(row), .cancelled, reason, transaction)
            }
        }
    }

    /// Says that an order is in another state.
    func tell(_ booked: BookedOrder, _ reason: String, _ transaction: Transaction) throws {
        let order = booked.order
        let change = OrderChanged(
            orderID: order.id, account: account, symbol: order.symbol, state: booked.state, reason: reason)
        try append(
            change, on: Channels.orders,
            id: DerivedID.make(
                "evt", "order", order.id, booked.state.rawValue, booked.filled.description,
                String(wallClock().nanoseconds)),
            correlation: order.correlation, causation: order.id, transaction)
    }

    func append<Body: Message>(
        _ body: Body, on channel: Channel<Body>, id: String, correlation: String, causation: String,
        _ transaction: Transaction
    ) throws {
        try transaction.append(
            Envelope(
                id: id, source: "execution", at: wallClock(), correlation: correlation, causation: causation,
                key: account, data: body), on: channel)
    }
}

extension Order {
    func resized(to quantity: Quantity) -> Order {
        Order(
            id: id, account: account, symbol: symbol, side: side, type: type, purpose: purpose, quantity: quantity,
            limitPrice: limitPrice, triggerPrice: triggerPrice, protectiveStop: protectiveStop,
            protectiveTarget: protectiveTarget, strategy: strategy, reason: reason, correlation: correlation,
            decidedAt: decidedAt, expiresAt: expiresAt)
    }
}
