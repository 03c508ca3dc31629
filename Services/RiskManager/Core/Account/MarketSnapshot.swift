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

    package init(prices: [Symbol: PricePoint], time: Timestamp) {
        self.prices = prices
        self.time = time
    }
}
