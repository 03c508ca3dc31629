/// The exponential moving average with weight 2 ÷ (length + 1), started as TA-Lib does with the mean of the first `length` values.
package struct ExponentialAverage: Sendable {
    private let length: Int
    private var count = 0
    private var value = 0.0

    /// - Precondition: `length` is positive.
    package init(length: Int) {
        precondition(length > 0, "a window has at least one value")
        self.length = length
    }

    /// Takes the next value; nil before there are `length` of them.
    package mutating func next(_ input: Double) -> Double? {
        count += 1
        guard count > length else {
            value += input
            guard count == length else { return nil }
            value /= Double(length)
            return value
        }
        value += (input - value) * 2 / Double(length + 1)
        return value
    }
}

/// Wilder's average: the mean of the first `length` values, then each new value with weight 1 ÷ length.
package struct WilderAverage: Sendable {
    private let length: Int
    private var count = 0
    private var value = 0.0

    /// - Precondition: `length` is positive.
    package init(length: Int) {
        precondition(length > 0, "a window has at least one value")
        self.length = length
    }

    /// Takes the next value; nil before there are `length` of them.
    package mutating func next(_ input: Double) -> Double? {
        count += 1
        guard count > length else {
            value += input
            guard count == length else { return nil }
            value /= Double(length)
            return value
        }
        value = (value * Double(length - 1) + input) / Double(length)
        return value
    }
}
