package import Domain

/// What can happen to an order.
package enum OrderInput: Hashable, Sendable {
    /// It was claimed for sending.
    case claimed
    /// Its time ran out before it was claimed.
    case lapsed
    /// We do not want it any more: an emergency stop, or its exit set was replaced.
    case withdrawn
    /// A request leaves.
    case sending
    /// The venue took it.
    case accepted
    /// The venue refused the request, for certain.
    case refused
    /// No answer came: it may be at the venue or not.
    case unanswered
    /// The request certainly did not leave.
    case notSent
    /// The venue does not know it. `windowIsOver`: no request of ours can still be accepted.
    case unknown(windowIsOver: Bool)
    /// The venue told where it is, and how much of it was executed.
    case reported(VenueStatus, executed: Quantity)
    /// A fill that was not in the books before.
    case filled(Quantity)
}

/// Where the venue says an order is.
package enum VenueStatus: String, Hashable, Sendable, CaseIterable {
    /// In the book or waiting for its trigger, perhaps partly filled.
    case resting
    case filled
    /// Over with a part or all of it unfilled: cancelled, or expired at the venue.
    case cancelled
    case rejected
}

/// What an input asks for besides storing the new state.
package enum OrderAction: Hashable, Sendable {
    case none
    /// Send it, under its own id.
    case send
    /// Ask the venue for it by its id.
    case query
    /// The venue executed more than is booked: fetch its trades.
    case fetchFills
    /// Cancel it at the venue.
    case cancel
    /// Tell people.
    case alarm(OrderAlarm)
}

/// What should not happen to an order.
package enum OrderAlarm: String, Hashable, Sendable, CaseIterable {
    /// The venue no longer knows an order that it had.
    case vanished
    /// More was filled than was ordered.
    case overfilled
    /// A fill of an order that was not sent, or was over.
    case filledUnsent = "filled_unsent"
}
