package import Domain

/// The last price of a symbol and when the exchange made it.
package struct PricePoint: Hashable, Sendable {
    package let price: Price
    /// Exchange time.
    package let time: Timestamp

    package init(price: Price, time: Timestamp) {
        self.price = price
        self.time = time
    }
}

/// Prices as of one moment.
package struct MarketSnapshot: Hashable, Sendable {
    package let prices: [Symbol: PricePoint]
    /// The newest exchange time seen on any symbol.
    package let time: Timestamp
    /// Since when every price of a symbol was heard; a symbol that is not in it was not heard yet. Nil: all that will ever be
    /// known of the moment is known.
    package let heardSince: [Symbol: Timestamp]?

    package init(prices: [Symbol: PricePoint], time: Timestamp, heardSince: [Symbol: Timestamp]? = nil) {
        self.prices = prices
        self.time = time
        self.heardSince = heardSince
    }

    /// There may have been a price of `symbol` after `time` that nobody here heard.
    func mayHaveMissed(_ symbol: Symbol, after time: Timestamp) -> Bool {
        guard let heardSince else { return false }
        guard let since = heardSince[symbol] else { return true }
        return since > time
    }
}
