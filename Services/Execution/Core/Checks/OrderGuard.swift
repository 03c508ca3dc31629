package import Domain

/// The last look at an order before it leaves, independent of the service that approved it.
package struct OrderGuard: Hashable, Sendable {
    /// How far the price at which an entry would trade, its limit or the other side of the quote, may be from the last print, as a
    /// share of it.
    package let priceSanity: Ratio
    /// No entry above this notional leaves.
    package let notionalCap: Money
    /// An older price is no price, and an older quote no quote.
    package let staleAfter: Timestamp.Span

    package init(priceSanity: Ratio, notionalCap: Money, staleAfter: Timestamp.Span) {
        self.priceSanity = priceSanity
        self.notionalCap = notionalCap
        self.staleAfter = staleAfter
    }

    /// What is known of the market at the moment of sending.
    package struct Market: Hashable, Sendable {
        /// The last print's price and its age on the exchange's clock; nil when there is none.
        package let lastPrice: Price?
        package let age: Timestamp.Span
        package let quote: BestQuote

        package init(lastPrice: Price?, age: Timestamp.Span, quote: BestQuote) {
            self.lastPrice = lastPrice
            self.age = age
            self.quote = quote
        }
    }

    /// The best bid and ask at the moment of sending.
    package enum BestQuote: Hashable, Sendable {
        /// The market has prints only, as in a backtest: an order trades at the last of them.
        case printsOnly
        /// There should be one, and none was heard of yet.
        case missing
        case known(Quote, age: Timestamp.Span)
    }

    /// Checks an order.
    ///
    /// What only reduces a position passes but for a quantity that is more than is held: exits stay open when nothing is known.
    ///
    /// - Throws: the first `Refusal`.
    package func check(
        _ order: Order, instrument: Instrument, market: Market, held: Quantity
    ) throws(Refusal) {
        if order.purpose.isReduceOnly {
            guard order.side == .sell, order.quantity <= held else {
                throw .moreThanHeld(order.quantity, held: held)
            }
            return
        }
        guard let price = market.lastPrice else { throw .noPrice }
        guard market.age <= staleAfter else {
            throw .stalePrice(milliseconds: market.age.nanoseconds / 1_000_000)
        }
        let notional = instrument.notional(price, order.quantity)
        guard notional <= notionalCap else { throw .aboveCap(notional, cap: notionalCap) }
        let distance = try tradingPrice(of: order, market, last: price).distance(from: price)
        guard distance <= priceSanity else { throw .farFromMarket(distance, limit: priceSanity) }
        if let stop = order.protectiveStop, order.side == .buy, stop >= price {
            throw .stopCrossed(stop, price: price)
        }
        do { _ = try instrument.admissible(order.quantity, at: price) } catch { throw .instrument(error) }
    }

    /// The worst price at which an entry would trade, or the best that is known of it.
    private func tradingPrice(of order: Order, _ market: Market, last: Price) throws(Refusal) -> Price {
        if let limit = order.limitPrice { return limit }
        switch market.quote {
        case .printsOnly: return last
        case .missing: throw .noQuote
        case .known(let quote, let age):
            guard age <= staleAfter else { throw .staleQuote(milliseconds: age.nanoseconds / 1_000_000) }
            return order.side == .buy ? quote.ask : quote.bid
        }
    }

    /// Why an order does not leave, with the numbers that decided.
    package enum Refusal: Error, Equatable, Sendable {
        case noPrice
        case stalePrice(milliseconds: Int64)
        case noQuote
        case staleQuote(milliseconds: Int64)
        case aboveCap(Money, cap: Money)
        case farFromMarket(Ratio, limit: Ratio)
        /// The market is already below the stop of the position it would open.
        case stopCrossed(Price, price: Price)
        case moreThanHeld(Quantity, held: Quantity)
        case instrument(Instrument.Violation)

        /// A stable name.
        package var code: String {
            switch self {
            case .noPrice: "no_price"
            case .stalePrice: "stale_price"
            case .noQuote: "no_quote"
            case .staleQuote: "stale_quote"
            case .aboveCap: "notional_cap"
            case .farFromMarket: "price_sanity"
            case .stopCrossed: "stop_crossed"
            case .moreThanHeld: "more_than_held"
            case .instrument: "instrument_rule"
            }
        }
    }
}

extension OrderGuard.Refusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noPrice: "there is no price"
        case .stalePrice(let milliseconds): "the last price is \(milliseconds) ms old"
        case .noQuote: "there is no quote: it is not known at what price a market order would trade"
        case .staleQuote(let milliseconds): "the last quote is \(milliseconds) ms old"
        case .aboveCap(let notional, let cap): "notional \(notional) is above the hard cap \(cap)"
        case .farFromMarket(let distance, let limit):
            "it would trade \(distance) from the last print, more than \(limit)"
        case .stopCrossed(let stop, let price): "the stop \(stop) is not below the price \(price)"
        case .moreThanHeld(let quantity, let held): "\(quantity) is more than the \(held) held"
        case .instrument(let violation): "\(violation)"
        }
    }
}
