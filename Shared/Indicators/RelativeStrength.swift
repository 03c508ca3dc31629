/// Wilder's relative strength index, 0 … 100, as TA-Lib computes it.
package struct RelativeStrength: Sendable {
    private var gains: WilderAverage
    private var losses: WilderAverage
    private var previous: Double?

    /// - Precondition: `length` is positive.
    package init(length: Int) {
        gains = WilderAverage(length: length)
        losses = WilderAverage(length: length)
    }

    /// Takes the next close; nil before there are `length` changes. A market that never moved gives 0, as in TA-Lib.
    package mutating func next(_ close: Double) -> Double? {
        defer { previous = close }
        guard let previous else { return nil }
        let change = close - previous
        let (rise, fall) = (gains.next(max(change, 0)), losses.next(max(-change, 0)))
        guard let gain = rise, let loss = fall else { return nil }
        let total = gain + loss
        return total == 0 ? 0 : 100 * gain / total
    }
}
