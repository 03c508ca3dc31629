package import Domain

/// The stop and the target that guard one position; the venue, or execution itself, fires one of them.
package struct ExitSet: Hashable, Sendable {
    package let position: String
    /// Counts the sets made for the position; part of the ids.
    package let version: Int64
    package let stop: Order?
    package let target: Order?

    /// Makes the set for a position, or nil where there is nothing to guard.
    ///
    /// The ids come from position, purpose and version, so that making it again makes the same set.
    /// - Parameters:
    ///   - lot: what is held is rounded down to it; less cannot be sold.
    ///   - now: exchange time of the fill that asked for it.
    package init?(
        _ held: HeldPosition, version: Int64, lot: Quantity, correlation: String, now: Timestamp
    ) {
        let quantity = held.position.quantity.roundedDown(to: lot)
        guard quantity.isPositive, held.stop != nil || held.target != nil else { return nil }
        func leg(_ type: OrderType, _ purpose: OrderPurpose, _ prefix: String, _ trigger: Price?) -> Order? {
            guard let trigger else { return nil }
            return Order(
                id: DerivedID.make(prefix, held.id, String(version)), account: held.account,
                symbol: held.position.symbol, side: .sell, type: type, purpose: purpose, quantity: quantity,
                triggerPrice: trigger, strategy: held.strategy,
                reason: purpose == .stopLoss ? "protective stop at \(trigger)" : "protective target at \(trigger)",
                correlation: correlation, decidedAt: now, expiresAt: nil)
        }
        position = held.id
        self.version = version
        stop = leg(.stop, .stopLoss, "sl", held.stop)
        target = leg(.takeProfit, .takeProfit, "tp", held.target)
    }

    /// The orders of the set, the stop first.
    package var orders: [Order] { [stop, target].compactMap { $0 } }
}

/// A protective order that is not over, as it is booked.
package struct LiveExit: Hashable, Sendable {
    package let order: Order
    package let position: String
    package let version: Int64
    package let state: OrderState
    package let filled: Quantity
    /// Its trigger was reached here: it is sent as a market order.
    package let isFired: Bool

    package init(
        order: Order, position: String, version: Int64, state: OrderState, filled: Quantity, isFired: Bool = false
    ) {
        self.order = order
        self.position = position
        self.version = version
        self.state = state
        self.filled = filled
        self.isFired = isFired
    }

    /// What it would still sell.
    package var remaining: Quantity { max(order.quantity - filled, .zero) }
}

/// What has to change so that a position has exactly the exits it needs.
package struct ExitChange: Hashable, Sendable {
    /// These are to be withdrawn: at once where they were not sent, else at the venue.
    package let withdraw: [String]
    /// This set is to be booked and placed, once the others are gone.
    package let place: ExitSet?

    package init(withdraw: [String] = [], place: ExitSet? = nil) {
        self.withdraw = withdraw
        self.place = place
    }

    /// Nothing to do.
    package static let none = ExitChange()

    /// Compares the live protective orders with what the position needs.
    ///
    /// - Parameters:
    ///   - held: the position now; closed, or absent, it needs none.
    ///   - leaving: an exit or flatten order for it is on its way: it sells everything, so nothing else may.
    ///   - lastVersion: the newest version ever made for the position.
    package static func decide(
        held: HeldPosition?, live: [LiveExit], leaving: Bool, lastVersion: Int64, lot: Quantity,
        correlation: String, now: Timestamp
    ) -> ExitChange {
        guard let held, held.isOpen, !leaving,
            let wanted = ExitSet(held, version: lastVersion + 1, lot: lot, correlation: correlation, now: now)
        else { return ExitChange(withdraw: live.map(\.order.id)) }
        // What is being sent, and what was fired and sells everything, is settled before anything else sells.
        guard live.allSatisfy({ $0.state != .submitting && !$0.isFired }) else { return .none }
        // A leg that has begun to fill sells the rest by itself; its partner is over at the venue.
        let running = live.filter { $0.filled.isPositive && $0.position == held.id }
        if let first = running.first, running.count == 1, first.remaining == wanted.orders.first?.quantity {
            return ExitChange(withdraw: live.filter { $0.order.id != first.order.id }.map(\.order.id))
        }
        let newest = live.filter { $0.version == live.map(\.version).max() }
        let older = live.filter { $0.version != newest.first?.version }.map(\.order.id)
        let keeps =
            newest.count == wanted.orders.count
            && wanted.orders.allSatisfy { order in newest.contains { matches($0, order, position: held.id) } }
        return keeps ? ExitChange(withdraw: older) : ExitChange(withdraw: live.map(\.order.id), place: wanted)
    }

    private static func matches(_ exit: LiveExit, _ order: Order, position: String) -> Bool {
        exit.position == position && exit.order.purpose == order.purpose && exit.remaining == order.quantity
            && exit.order.triggerPrice == order.triggerPrice
    }
}
