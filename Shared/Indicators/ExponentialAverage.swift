/// The exponential moving average with weight 2 ÷ (length + 1), started as TA-Lib does with the mean of the first `length` values.
package struct ExponentialAverage: Sendable {
    private var average: SeededAverage

    /// - Precondition: `length` is positive.
    package init(length: Int) { average = SeededAverage(length: length) }

    /// Takes the next value; nil before there are `length` of them.
    package mutating func next(_ input: Double) -> Double? {
        average.next(input) { value, length in value + (input - value) * 2 / (length + 1) }
    }
}

/// Wilder's average: the mean of the first `length` values, then each new value with weight 1 ÷ length.
package struct WilderAverage: Sendable {
    private var average: SeededAverage

    /// - Precondition: `length` is positive.
    package init(length: Int) { average = SeededAverage(length: length) }

    /// Takes the next value; nil before there are `length` of them.
    package mutating func next(_ input: Double) -> Double? {
        average.next(input) { value, length in (value * (length - 1) + input) / length }
    }
}

/// The mean of the first `length` values; from then on a rule makes each value from the one before.
private struct SeededAverage: Sendable {
    private let length: Int
    private var count = 0
    private var value = 0.0

    init(length: Int) {
        precondition(length > 0, "a window has at least one value")
        self.length = length
    }

    mutating func next(_ input: Double, rule: (_ value: Double, _ length: Double) -> Double) -> Double? {
        count += 1
        guard count > length else {
            value += input
            guard count == length else { return nil }
            value /= Double(length)
            return value
        }
        value = rule(value, Double(length))
        return value
    }
}
