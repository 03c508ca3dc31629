import Domain

/// What is known of one wish to trade, from the signal to what became of the position.
struct Story: Sendable, Equatable {
    struct Wish: Sendable, Equatable {
        let id: String
        let strategy: String
        let symbol: String
        let timeframe: String
        let candleClose: Timestamp
        let action: String
        let price: Price
        let stop: Price?
        let target: Price?
        let confidence: Ratio
        let reasons: [String]
    }

    struct Decision: Sendable, Equatable {
        let id: String
        let account: String
        let outcome: String
        let code: String
        let reason: String
        /// The figures that decided, by name.
        let figures: [Figure]
        let decidedAt: Timestamp
    }

    struct Figure: Sendable, Equatable {
        let name: String
        let value: String
    }

    struct Order: Sendable, Equatable {
        let id: String
        let decision: String?
        let account: String
        let symbol: String
        let side: String
        let type: String
        let purpose: String
        let quantity: Quantity
        let filled: Quantity
        let trigger: Price?
        let state: String
        let stateReason: String
        let reason: String
        let position: String?
        let decidedAt: Timestamp
        let fills: [Fill]
    }

    struct Fill: Sendable, Equatable {
        let time: Timestamp
        let quantity: Quantity
        let price: Price
        let fee: Money
    }

    /// What is held now.
    struct Holding: Sendable, Equatable {
        let account: String
        let symbol: String
        let quantity: Quantity
        let cost: Money
        let stop: Price?
        let target: Price?
    }

    /// A position from its first fill to its end.
    struct RoundTrip: Sendable, Equatable {
        let account: String
        let symbol: String
        let quantity: Quantity
        let entry: Price
        let exit: Price
        let realised: Money
        let fees: Money
        let reason: String
        let closedAt: Timestamp
    }

    var wish: Wish?
    var decisions: [Decision] = []
    var orders: [Order] = []
    var holdings: [Holding] = []
    var roundTrips: [RoundTrip] = []
}
