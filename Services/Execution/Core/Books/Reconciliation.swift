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

    /// A position of ours against the venue's holdings of its base asset.
    package enum PositionVerdict: Hashable, Sendable {
        case exists
        /// The venue holds more: the owner's own, left alone.
        case moreAtVenue(Quantity)
        /// The venue holds less than we believe: exits would sell what is not there.
        case missing(Quantity)
    }

    /// Verifies that a position exists; less than a lot of difference is dust.
    package static func position(ours: Quantity, venue: Quantity, lot: Quantity) -> PositionVerdict {
        // In 128 bits: what the venue says may be at the end of the range.
        let difference = Int128(venue.raw) - Int128(ours.raw)
        let size = Quantity(raw: Int64(clamping: difference.magnitude))
        if difference < 0, size >= lot { return .missing(size) }
        return difference > 0 ? .moreAtVenue(size) : .exists
    }
}
