package import Domain

/// Whether the venue would take a sale of what is held at all. What is too small for its rules is dust: asking again changes
/// nothing until more is held or the price has risen.
package enum Sellability {
    /// What is called too small becomes sellable again only with so much to spare, so that it does not go to and fro.
    private static let margin = Ratio(102, over: 100)

    /// Why `quantity` cannot be sold at `price`; nil when it can.
    ///
    /// - Parameter wasTooSmall: it could not be sold when it was looked at the last time.
    package static func obstacle(
        _ quantity: Quantity, at price: Price, _ instrument: Instrument, wasTooSmall: Bool = false
    ) -> Instrument.Violation? {
        let rounded = quantity.roundedDown(to: instrument.lotSize)
        guard rounded >= instrument.minimumQuantity, rounded.isPositive else {
            return .belowMinimumQuantity(rounded, minimum: instrument.minimumQuantity)
        }
        let minimum = instrument.minimumNotional
        let value = instrument.notional(price, rounded)
        let needed = wasTooSmall ? minimum.times(margin, .awayFromZero) : minimum
        return value < needed ? .belowMinimumNotional(value, minimum: minimum) : nil
    }
}
