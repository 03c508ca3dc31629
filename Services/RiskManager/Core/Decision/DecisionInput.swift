package import Domain

/// Everything a decision depends on, as one value.
package struct DecisionInput: Hashable, Sendable {
    package let signal: Signal
    /// As it is: what exits go by.
    package let account: AccountSnapshot
    /// As it was at `time`, see `AccountSnapshot.before`: what entries go by.
    package let atClose: AccountSnapshot
    /// Prices as of `time`.
    package let market: MarketSnapshot
    /// The venue's rules; nil when they are not known.
    package let instrument: Instrument?
    /// Of goals that are active, or reached and not past their deadline.
    package let goals: [GoalStanding]
    /// Exchange time of the decision: the close of the candle that decided the signal.
    package let time: Timestamp

    package init(
        signal: Signal, account: AccountSnapshot, atClose: AccountSnapshot? = nil, market: MarketSnapshot,
        instrument: Instrument?,
        goals: [GoalStanding], now time: Timestamp
    ) {
        self.signal = signal
        self.account = account
        self.atClose = atClose ?? account
        self.market = market
        self.instrument = instrument
        self.goals = goals
        self.time = time
    }
}
