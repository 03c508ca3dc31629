package import Domain

/// What trading costs at the paper venue.
package struct PaperCosts: Hashable, Sendable {
    /// From the decision until the order is at the venue, in exchange time.
    package let latency: Timestamp.Span
    /// Of the notional, in the quote asset.
    package let fee: Ratio
    /// Against us, on everything that takes liquidity.
    package let slippage: Ratio

    package init(latency: Timestamp.Span, fee: Ratio, slippage: Ratio) {
        self.latency = latency
        self.fee = fee
        self.slippage = slippage
    }
}

/// What the paper venue tells of an order.
package enum PaperReport: Hashable, Sendable {
    case filled(Fill)
    /// Its partner filled.
    case cancelled(orderID: String)
}

/// What a print is to the paper venue.
package struct Tick: Hashable, Sendable {
    package let id: Int64
    package let price: Price
    package let time: Timestamp

    @inlinable
    package init(id: Int64, price: Price, time: Timestamp) {
        self.id = id
        self.price = price
        self.time = time
    }

    @inlinable
    package init(_ print: Print) { self.init(id: print.id, price: print.price, time: print.time) }
}
