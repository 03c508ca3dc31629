/// Wilder's average true range, as TA-Lib computes it: the first bar only gives the close that the second is measured from.
package struct AverageTrueRange: Sendable {
    private var average: WilderAverage
    private var previousClose: Double?

    /// - Precondition: `length` is positive.
    package init(length: Int) { average = WilderAverage(length: length) }

    /// Takes the next bar; nil before there are `length` true ranges.
    package mutating func next(high: Double, low: Double, close: Double) -> Double? {
        defer { previousClose = close }
        guard let previousClose else { return nil }
        return average.next(max(high, previousClose) - min(low, previousClose))
    }
}
