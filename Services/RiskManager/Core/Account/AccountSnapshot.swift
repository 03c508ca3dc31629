package import Domain

/// All that is known of an account at the moment of a decision, read in one transaction.
package struct AccountSnapshot: Hashable, Sendable {
    package let id: String
    package let state: TradingState
    package let cash: Money
    /// Deposits less withdrawals.
    package let netDeposits: Money
    package let positions: [HeldPosition]
    /// Orders that are not terminal.
    package let liveOrders: [LiveOrder]
    package let marks: ProfitMarks
    /// Limits on losses that were reached, and were not ended by the owner.
    package let breaches: [Breach]

    package init(
        id: String, state: TradingState, cash: Money, netDeposits: Money, positions: [HeldPosition],
        liveOrders: [LiveOrder], marks: ProfitMarks, breaches: [Breach] = []
    ) {
        self.id = id
        self.state = state
        self.cash = cash
        self.netDeposits = netDeposits
        self.positions = positions.sorted { $0.symbol < $1.symbol }
        self.liveOrders = liveOrders.sorted { $0.id < $1.id }
        self.marks = marks
        self.breaches = breaches
    }

    /// The same account with what a look at its losses has found.
    package func with(marks: ProfitMarks, breaches: [Breach]) -> AccountSnapshot {
        AccountSnapshot(
            id: id, state: state, cash: cash, netDeposits: netDeposits, positions: positions, liveOrders: liveOrders,
            marks: marks, breaches: breaches)
    }

    /// What live entries hold back.
    package var reserved: Money { liveEntries.reduce(.zero) { $0 + $1.reserved } }
    /// Entries that are not terminal.
    package var liveEntries: [LiveOrder] { liveOrders.filter { !$0.purpose.isReduceOnly } }
    /// Positions of which something sellable is left.
    package var openPositions: [HeldPosition] { positions.filter(\.isOpen) }

    /// The orders that are already selling a symbol on request: the exit set does not count, it waits.
    package func leaving(_ symbol: Symbol) -> [LiveOrder] {
        liveOrders.filter { $0.symbol == symbol && ($0.purpose == .exit || $0.purpose == .flatten) }
    }
}

/// What an account holds of one symbol.
package struct HeldPosition: Hashable, Sendable {
    package let id: String
    package let symbol: Symbol
    package let quantity: Quantity
    package let cost: Money
    /// The strategy instance whose entry opened it.
    package let strategy: String
    /// Something sellable is left of it; dust below the venue's lot is worth something, but it is no position.
    package let isOpen: Bool

    package init(id: String, symbol: Symbol, quantity: Quantity, cost: Money, strategy: String, isOpen: Bool = true) {
        self.id = id
        self.symbol = symbol
        self.quantity = quantity
        self.cost = cost
        self.strategy = strategy
        self.isOpen = isOpen && quantity.isPositive
    }
}

/// An order that is not terminal.
package struct LiveOrder: Hashable, Sendable {
    package let id: String
    package let symbol: Symbol
    package let purpose: OrderPurpose
    package let strategy: String
    /// What is not filled yet.
    package let remaining: Quantity
    /// Money held back for it.
    package let reserved: Money

    package init(
        id: String, symbol: Symbol, purpose: OrderPurpose, strategy: String, remaining: Quantity, reserved: Money
    ) {
        self.id = id
        self.symbol = symbol
        self.purpose = purpose
        self.strategy = strategy
        self.remaining = remaining
        self.reserved = reserved
    }
}
