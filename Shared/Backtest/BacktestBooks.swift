package import Domain
import ExecutionCore
package import RiskManagerCore

/// The books of the account: what Postgres holds when the suite runs, kept by the same rules.
package struct BacktestBooks: Sendable {
    package let account: String
    package private(set) var ledger = Ledger()
    package private(set) var fills: [Fill] = []
    /// What the order of each fill was for, in the same place as the fill.
    package private(set) var purposes: [OrderPurpose] = []
    package private(set) var trades: [TradeRecord] = []
    /// Of all closed positions.
    package private(set) var heldFor = Timestamp.Span(nanoseconds: 0)
    package var marks = ProfitMarks()
    /// Limits on losses that were reached and still hold.
    package var breaches: [Breach] = []
    /// Orders that are not over, by id.
    private(set) var live: [String: (order: Order, reserved: Money)] = [:]
    private(set) var held: [Symbol: ExecutionCore.HeldPosition] = [:]
    /// Something is held that can be sold.
    private(set) var isOpen = false
    /// What is held, dust included: all that the equity needs.
    private(set) var holdings: [Position] = []
    /// Every order so far as it was approved, by id.
    private var approved: [String: LiveOrder] = [:]
    /// How many sets of exits the position of a market has had.
    private var versions: [Symbol: Int64] = [:]
    private var stakes: [String: Money] = [:]

    init(account: String, deposit: Money) {
        self.account = account
        ledger.deposit(deposit)
    }

    mutating func add(_ order: Order, reserved: Money = .zero) {
        live[order.id] = (order, reserved)
        approved[order.id] = Self.line(order, reserved)
    }

    private static func line(_ order: Order, _ reserved: Money) -> LiveOrder {
        LiveOrder(
            id: order.id, symbol: order.symbol, purpose: order.purpose, strategy: order.strategy,
            remaining: order.quantity, reserved: reserved)
    }

    /// The fills from a moment on, with their orders as they were approved.
    func laterFills(from time: Timestamp) -> [LaterFill] {
        fills.reversed().prefix { $0.time >= time }.reversed().compactMap { fill in
            approved[fill.orderID].map { LaterFill(fill: fill, order: $0) }
        }
    }

    mutating func remove(_ id: String) { live[id] = nil }

    /// What the position of this symbol is guarded by.
    func exits(of symbol: Symbol) -> [LiveExit] {
        guard let id = held[symbol]?.id else { return [] }
        let orders = live.values.map(\.order).filter { order in
            order.symbol == symbol && (order.purpose == .stopLoss || order.purpose == .takeProfit)
        }
        let version = versions[symbol] ?? 0
        return orders.sorted { $0.id < $1.id }.map { order in
            LiveExit(order: order, position: id, version: version, state: .open, filled: .zero)
        }
    }

    /// Books a fill; the order is over, since the paper venue fills whole.
    ///
    /// - Returns: what has to change about the exits of the position.
    /// - Throws: `Position.BookingError` where the venue sold more than was held.
    mutating func book(_ fill: Fill, lot: Quantity) throws -> ExitChange {
        guard let order = live.removeValue(forKey: fill.orderID)?.order else { return .none }
        var position = held[fill.symbol] ?? ExecutionCore.HeldPosition(account: account, symbol: fill.symbol)
        let wasOpen = position.isOpen
        let effect = try position.book(fill, of: order, lot: lot)
        try ledger.book(fill)
        fills.append(fill)
        purposes.append(order.purpose)
        held[fill.symbol] = position
        isOpen = held.values.contains { $0.isOpen }
        holdings = held.values.map(\.position).filter(\.quantity.isPositive).sorted { $0.symbol < $1.symbol }
        if !wasOpen {
            versions[fill.symbol] = 0
            if let stop = order.protectiveStop { stakes[position.id] = (fill.price - stop).times(fill.quantity) }
        }
        if let closed = effect.closed { add(closed, risk: stakes.removeValue(forKey: position.id) ?? .zero) }
        let change = ExitChange.decide(
            held: position, live: exits(of: fill.symbol), leaving: isLeaving(fill.symbol),
            lastVersion: versions[fill.symbol] ?? 0, lot: lot, correlation: order.correlation, now: fill.time)
        if let set = change.place { versions[fill.symbol] = set.version }
        return change
    }

    private func isLeaving(_ symbol: Symbol) -> Bool {
        live.values.contains {
            $0.order.symbol == symbol && ($0.order.purpose == .exit || $0.order.purpose == .flatten)
        }
    }

    private mutating func add(_ trip: ExecutionCore.HeldPosition.RoundTrip, risk: Money) {
        heldFor = Timestamp.Span(nanoseconds: heldFor.nanoseconds + (trip.closedAt - trip.openedAt).nanoseconds)
        trades.append(
            TradeRecord(
                id: trip.id, symbol: trip.symbol, strategy: trip.strategy, quantity: trip.quantity,
                entryPrice: trip.entryPrice, exitPrice: trip.exitPrice, openedAt: trip.openedAt,
                closedAt: trip.closedAt, realised: trip.realised, fees: trip.fees, reason: trip.reason, risk: risk))
    }

    /// The account as risk-manager reads it before a decision.
    var snapshot: AccountSnapshot {
        AccountSnapshot(
            id: account, state: .running, cash: ledger.cash, netDeposits: ledger.deposits - ledger.withdrawals,
            positions: held.values.map { one in
                RiskManagerCore.HeldPosition(
                    id: one.id, symbol: one.position.symbol, quantity: one.position.quantity, cost: one.position.cost,
                    strategy: one.strategy, isOpen: one.isOpen)
            },
            liveOrders: live.values.map { Self.line($0.order, $0.reserved) }, marks: marks, breaches: breaches)
    }
}
