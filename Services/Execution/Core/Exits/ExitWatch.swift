package import Domain

/// Which of the exits that the venue does not hold a print sets off.
package enum ExitWatch {
    /// Whether `order` fires at `price`: a stop at or beyond its trigger against us, a target at or beyond it for us.
    @inlinable
    package static func fires(_ order: Order, at price: Price) -> Bool {
        guard let trigger = order.triggerPrice else { return false }
        switch (order.type, order.side) {
        case (.stop, .sell), (.takeProfit, .buy): return price <= trigger
        case (.takeProfit, .sell), (.stop, .buy): return price >= trigger
        case (.market, _), (.limit, _): return false
        }
    }

    /// The order of `exits` to send after these prices, the stop before the target; nil while none fires.
    ///
    /// Of a stop and a target that both were reached it is not known which came first: the stop is taken. While any of
    /// `exits` was sent nothing fires: the same would be sold twice.
    package static func due(_ exits: [LiveExit], _ touched: TouchedPrices) -> LiveExit? {
        guard exits.allSatisfy({ $0.state == .approved }) else { return nil }
        return exits.filter { exit in
            let since = exit.order.decidedAt
            return [touched.low(since: since), touched.high(since: since)].contains { price in
                price.map { fires(exit.order, at: $0) } ?? false
            }
        }
        .min { ($0.order.type == .stop ? 0 : 1, $0.order.id) < ($1.order.type == .stop ? 0 : 1, $1.order.id) }
    }
}
