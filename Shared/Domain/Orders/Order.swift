/// The kinds of order this suite sends.
public enum OrderType: String, Codable, Sendable, Hashable, CaseIterable {
    case market
    case limit
    /// A market order once the price has reached the stop.
    case stop
    /// A market order once the price has reached the target.
    case takeProfit = "take_profit"
}

/// What an order is for.
public enum OrderPurpose: String, Codable, Sendable, Hashable, CaseIterable {
    /// Opens or adds: takes risk.
    case entry
    /// The strategy asked to leave.
    case exit
    /// The protective stop.
    case stopLoss = "stop_loss"
    /// The protective target.
    case takeProfit = "take_profit"
    /// An emergency stop, or the owner, closes the position.
    case flatten

    /// Can only make a position smaller.
    public var isReduceOnly: Bool { self != .entry }
}

/// Where an order is in its life.
public enum OrderState: String, Codable, Sendable, Hashable, CaseIterable {
    /// Decided and booked, not claimed yet.
    case approved
    /// Claimed: counts as sent until the venue has said otherwise.
    case submitting
    /// The venue has it and it rests.
    case open
    /// Some of it is filled, the rest rests.
    case partiallyFilled = "partially_filled"
    case filled
    case cancelled
    /// The venue refused it.
    case rejected
    /// Was not claimed before its time ran out; never sent.
    case expired

    /// Nothing can happen to it any more.
    public var isTerminal: Bool {
        switch self {
        case .approved, .submitting, .open, .partiallyFilled: false
        case .filled, .cancelled, .rejected, .expired: true
        }
    }
}

/// An order as it is booked. What is changed by the venue is in `state` and the filled figures.
public struct Order: Hashable, Codable, Sendable {
    /// Also the client order id at the venue: derived from its cause, at most 36 characters.
    public let id: String
    public let account: String
    public let symbol: Symbol
    public let side: Side
    public let type: OrderType
    public let purpose: OrderPurpose
    public let quantity: Quantity
    /// For limit orders.
    public let limitPrice: Price?
    /// For stop and take-profit orders.
    public let triggerPrice: Price?
    /// Where the position it opens is given up and taken; entries only.
    public let protectiveStop: Price?
    public let protectiveTarget: Price?
    /// The strategy instance that asked; empty for the owner's own.
    public let strategy: String
    /// Why, in words.
    public let reason: String
    /// Runs through every log line, row and notification: the id of the signal, or of the command.
    public let correlation: String
    /// Exchange time of the decision.
    public let decidedAt: Timestamp
    /// Exchange time after which it must not be sent; nil for protective orders.
    public let expiresAt: Timestamp?

    public init(
        id: String, account: String, symbol: Symbol, side: Side, type: OrderType, purpose: OrderPurpose,
        quantity: Quantity,
        limitPrice: Price? = nil, triggerPrice: Price? = nil, protectiveStop: Price? = nil,
        protectiveTarget: Price? = nil,
        strategy: String, reason: String, correlation: String, decidedAt: Timestamp, expiresAt: Timestamp?
    ) {
        self.id = id
        self.account = account
        self.symbol = symbol
        self.side = side
        self.type = type
        self.purpose = purpose
        self.quantity = quantity
        self.limitPrice = limitPrice
        self.triggerPrice = triggerPrice
        self.protectiveStop = protectiveStop
        self.protectiveTarget = protectiveTarget
        self.strategy = strategy
        self.reason = reason
        self.correlation = correlation
        self.decidedAt = decidedAt
        self.expiresAt = expiresAt
    }
}
