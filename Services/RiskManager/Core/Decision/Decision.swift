package import Domain

/// What became of a signal for an account, and what decided it.
package struct Decision: Hashable, Sendable {
    /// Derived from the signal and the account, so that deciding again makes the same.
    package let id: String
    package let account: String
    /// Empty when it was a command and no signal.
    package let signalID: String
    package let outcome: Outcome
    package let inputs: DecisionInputs
    /// Exchange time.
    package let decidedAt: Timestamp

    /// What may come of a signal.
    package enum Outcome: Hashable, Sendable {
        case approved(ApprovedOrder)
        case refused(Refusal)
        /// An exit while an entry of the same strategy is on its way: nothing is decided until that order is terminal. Not booked;
        /// ask again.
        case deferred(entry: String)
        /// An entry without a price that may be there and was not heard yet, as after a restart. Not booked; ask again.
        case awaitingPrice(Symbol)
    }

    /// `approved`, `deferred`, `awaiting_price`, or the code of the refusal.
    package var code: String {
        switch outcome {
        case .approved: "approved"
        case .refused(let refusal): refusal.code
        case .deferred: "deferred"
        case .awaitingPrice: "awaiting_price"
        }
    }

    /// In words, for the owner.
    package var reason: String {
        switch outcome {
        case .approved(let approved): approved.order.reason
        case .refused(let refusal): refusal.description
        case .deferred(let entry): "the entry \(entry) is on its way"
        case .awaitingPrice(let symbol): "no price of \(symbol) was heard yet"
        }
    }

    /// The id of the decision about a signal for an account.
    package static func id(signal: String, account: String) -> String { DerivedID.make("dec", signal, account) }
}
