import Domain
import ExecutionCore
import Store

/// An order as its row tells of it.
struct BookedOrder: Sendable, Hashable {
    var order: Order
    var state: OrderState
    var filled: Quantity
    /// What was executed in fills that could not be booked.
    var aside: Quantity
    /// The position that it opened, adds to or guards.
    var position: String?
    /// Of the exit set it belongs to.
    var version: Int64?
    /// A protective order whose trigger was reached here: it is sent as a market order.
    var isFired = false
    /// When it was approved, wall time.
    var createdAt: Timestamp
    /// The venue's own number for it; nil until the venue has told it.
    var venueID: String?

    static let columns: SQL = """
        orders.id, orders.account, orders.symbol, orders.side, orders.type, orders.purpose, orders.quantity,
        orders.limit_price, orders.trigger_price, orders.protective_stop, orders.protective_target, orders.strategy,
        orders.reason, orders.correlation, orders.decided_ns, orders.expires_ns, orders.state, orders.filled_quantity,
        orders.position_id, orders.exits_version, orders.fired, orders.created_at, orders.venue_order_id,
        (SELECT coalesce(sum(f.quantity), 0) FROM fills_set_aside f WHERE f.order_id = orders.id
            AND f.settlement IS DISTINCT FROM 'booked') AS aside
        """

    init(_ row: Row) throws(StoreError) {
        order = Order(
            id: try row.text("id"), account: try row.text("account"), symbol: try row.symbol("symbol"),
            side: try row.value("side"), type: try row.value("type"), purpose: try row.value("purpose"),
            quantity: try row.quantity("quantity"), limitPrice: try row.optional("limit_price"),
            triggerPrice: try row.optional("trigger_price"), protectiveStop: try row.optional("protective_stop"),
            protectiveTarget: try row.optional("protective_target"), strategy: try row.text("strategy"),
            reason: try row.text("reason"), correlation: try row.text("correlation"),
            decidedAt: try row.timestamp("decided_ns"), expiresAt: try row.optional("expires_ns"))
        state = try row.value("state")
        filled = try row.quantity("filled_quantity")
        aside = try row.quantity("aside")
        position = try row.optional("position_id")
        version = try row.optional("exits_version")
        isFired = try row.bool("fired")
        createdAt = try row.wallTime("created_at")
        venueID = try row.optional("venue_order_id")
    }

    init(
        order: Order, state: OrderState, filled: Quantity, position: String?, version: Int64?,
        createdAt: Timestamp = .zero
    ) {
        self.order = order
        self.state = state
        self.filled = filled
        aside = .zero
        self.position = position
        self.version = version
        self.createdAt = createdAt
    }

    /// It guards a position.
    var isExit: Bool { order.purpose == .stopLoss || order.purpose == .takeProfit }

    /// It closes a position because somebody asked.
    var leaves: Bool { order.purpose == .exit || order.purpose == .flatten }

    /// As the core sees a protective order; nil for the others.
    var liveExit: LiveExit? {
        guard isExit, !state.isTerminal, let position, let version else { return nil }
        return LiveExit(
            order: order, position: position, version: version, state: state, filled: filled, isFired: isFired)
    }
}

extension HeldPosition {
    static let columns: SQL = """
        positions.account, positions.symbol, positions.id, positions.quantity, positions.cost, positions.strategy,
        positions.stop, positions.target, positions.opened_ns, positions.is_open, positions.bought,
        positions.bought_for, positions.sold, positions.sold_for, positions.realised, positions.fees,
        positions.exits_version, positions.unsellable
        """

    init(_ row: Row) throws(StoreError) {
        self.init(
            id: try row.text("id"), account: try row.text("account"),
            position: Position(
                symbol: try row.symbol("symbol"), quantity: try row.quantity("quantity"), cost: try row.money("cost")),
            isOpen: try row.bool("is_open"), strategy: try row.text("strategy"), stop: try row.optional("stop"),
            target: try row.optional("target"), openedAt: try row.timestamp("opened_ns"),
            tally: Tally(
                bought: try row.quantity("bought"), boughtFor: try row.money("bought_for"),
                sold: try row.quantity("sold"), soldFor: try row.money("sold_for"),
                realised: try row.money("realised"), fees: try row.money("fees")))
    }
}
