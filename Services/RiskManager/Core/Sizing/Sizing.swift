package import Domain

/// How large an entry is: what the risk allows, cut by each cap, rounded down to the lot.
package struct Sizing: Hashable, Sendable {
    /// What may be lost at the stop.
    package let riskMoney: Money
    /// Entry less stop.
    package let distance: Price
    /// riskMoney ÷ distance, before any cap.
    package let wanted: Quantity
    package let caps: [Cap]
    /// After all caps and the lot; not checked against the venue's minimum.
    package let quantity: Quantity
    /// The cap that decided; nil when none cut anything.
    package let boundBy: Cap?

    /// A bound on the size, and what it cost.
    package struct Cap: Hashable, Sendable {
        package let kind: Kind
        /// The money that was left under it, or for the venue's maximum the notional of that.
        package let left: Money
        /// The most it allows.
        package let allows: Quantity
        /// The notional that was wanted and is not had for this cap; zero where it does not bind.
        package let cost: Money
    }

    /// The bounds, in the order in which they are named when several are equally tight.
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        case position
        case grossExposure = "gross_exposure"
        case cash
        case orderNotional = "order_notional"
        case venueMaximum = "venue_maximum"
    }

    /// What sizing starts from. All money is what is left under the cap, not negative.
    package struct Room: Hashable, Sendable {
        package let position: Money
        package let grossExposure: Money
        package let cash: Money
        package let orderNotional: Money?

        package init(position: Money, grossExposure: Money, cash: Money, orderNotional: Money?) {
            self.position = position
            self.grossExposure = grossExposure
            self.cash = cash
            self.orderNotional = orderNotional
        }
    }

    /// Sizes an entry.
    ///
    /// - Parameters:
    ///   - price: the price at which everything is valued, the reserve's margin not included.
    ///   - reservePrice: the same with the margin; caps count what is reserved.
    ///   - distance: must be positive.
    package init(
        riskMoney: Money, distance: Price, price: Price, reservePrice: Price, room: Room, instrument: Instrument
    ) {
        self.riskMoney = riskMoney
        self.distance = distance
        let wanted = riskMoney.isPositive ? riskMoney.buys(at: distance) : .zero
        self.wanted = wanted
        func cap(_ kind: Kind, left: Money, allows: Quantity) -> Cap {
            let missing = wanted > allows ? wanted - allows : .zero
            return Cap(kind: kind, left: left, allows: allows, cost: price.times(missing))
        }
        func moneyCap(_ kind: Kind, _ left: Money) -> Cap {
            cap(kind, left: left, allows: left.isPositive ? left.buys(at: reservePrice) : .zero)
        }
        var caps = [
            moneyCap(.position, room.position), moneyCap(.grossExposure, room.grossExposure),
            moneyCap(.cash, room.cash),
        ]
        if let order = room.orderNotional { caps.append(moneyCap(.orderNotional, order)) }
        let maximum = instrument.maximumQuantity
        caps.append(cap(.venueMaximum, left: price.times(maximum), allows: maximum))
        self.caps = caps
        // `min` keeps the first of equals.
        let tightest = caps.min { $0.allows < $1.allows }
        let bound = tightest.flatMap { $0.allows < wanted ? $0 : nil }
        boundBy = bound
        quantity = (bound?.allows ?? wanted).roundedDown(to: instrument.lotSize)
    }
}
