package import Domain

/// What to do about a difference between our books and the venue.
package enum Reconciliation {
    /// What the venue says about an order of ours.
    package enum VenueView: Hashable, Sendable {
        /// It does not know the id. `windowIsOver`: no request of ours can still be accepted.
        case unknown(windowIsOver: Bool)
        case known(VenueStatus, executed: Quantity)
    }

    /// Our order against the venue's word: the same table as while running, so that a restart is nothing special.
    ///
    /// | ours | venue | action |
    /// | --- | --- | --- |
    /// | approved | unknown | none: it was never sent |
    /// | submitting | unknown, window open | ask again |
    /// | submitting | unknown twice, window over | send again, same id |
    /// | submitting, open | known, more executed than booked | fetch the fills |
    /// | submitting, open | resting | open |
    /// | open | cancelled or rejected, all fills booked | over |
    /// | open | unknown | fetch fills; after three denials over, loudly |
    /// | over | resting | cancel it |
    /// | over | anything else | none |
    package static func order(_ life: inout OrderLife, _ view: VenueView) -> OrderAction {
        switch view {
        case .unknown(let windowIsOver): life.handle(.unknown(windowIsOver: windowIsOver))
        case .known(let status, let executed): life.handle(.reported(status, executed: executed))
        }
    }

    /// An order at the venue for which there is no row.
    package enum Stranger: Hashable, Sendable {
        /// Not made by this suite: none of our business.
        case leaveAlone
        /// One of our ids without a row: cancel it and tell people.
        case cancelLoudly
    }

    /// The prefixes of the order ids this suite makes.
    package static let ownPrefixes = ["ord-", "sl-", "tp-", "flt-", "oco-"]

    /// Judges an open order at the venue that is not in the books.
    package static func stranger(clientID: String) -> Stranger {
        ownPrefixes.contains { clientID.hasPrefix($0) } ? .cancelLoudly : .leaveAlone
    }

    /// What the books hold in one market.
    package struct Holding: Hashable, Sendable {
        package let instrument: Instrument
        package let quantity: Quantity

        package init(instrument: Instrument, quantity: Quantity) {
            self.instrument = instrument
            self.quantity = quantity
        }
    }

    /// What the books hold in each market and the venue does not: exits would sell what is not there.
    ///
    /// The venue knows assets and no markets, so all markets of one base asset are compared with it together; what is missing
    /// is told of the first of them. Less than a lot of difference is dust, and more at the venue is the owner's own.
    package static func missing(_ holdings: [Holding], venue: [String: Quantity]) -> [Symbol: Quantity] {
        var missing: [Symbol: Quantity] = [:]
        for (asset, markets) in Dictionary(grouping: holdings, by: \.instrument.base) {
            // In 128 bits: what the venue says may be at the end of the range.
            let ours = markets.reduce(Int128(0)) { $0 + Int128($1.quantity.raw) }
            let lot = markets.map(\.instrument.lotSize).max() ?? .zero
            var short = ours - Int128(venue[asset]?.raw ?? 0)
            if short < Int128(lot.raw) { short = 0 }
            for market in markets.sorted(by: { $0.instrument.symbol < $1.instrument.symbol }) {
                let part = min(max(short, 0), Int128(market.quantity.raw))
                missing[market.instrument.symbol] = Quantity(raw: Int64(part))
                short -= part
            }
        }
        return missing
    }
}
