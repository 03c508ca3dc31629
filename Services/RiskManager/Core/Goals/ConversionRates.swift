package import Domain

/// What one unit of a currency is worth in another, as the owner states it.
package struct ConversionRates: Hashable, Sendable {
    package struct Pair: Hashable, Sendable {
        package let from: String
        package let to: String

        package init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    private let rates: [Pair: Ratio]

    package init(_ rates: [Pair: Ratio] = [:]) { self.rates = rates }

    /// One for the same currency; nil when none is stated. A rate for the other direction is not turned around: it would not be
    /// the one that was stated.
    package func rate(from: String, to: String) -> Ratio? { from == to ? .one : rates[Pair(from: from, to: to)] }
}
