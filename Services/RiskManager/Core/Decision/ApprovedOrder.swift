package import Domain

/// An order that passed every check. Only this module can make one: an unchecked order does not compile.
package struct ApprovedOrder: Hashable, Sendable {
    package let order: Order
    /// The decision it follows from.
    package let decisionID: String
    /// Money held back from other entries until the order is terminal; zero for what only reduces.
    package let reserved: Money

    init(order: Order, decisionID: String, reserved: Money) {
        self.order = order
        self.decisionID = decisionID
        self.reserved = reserved
    }
}
