/// The mean of the last `length` values with a band of `width` population standard deviations on either side.
package struct BollingerBands: Sendable {
    /// One reading of the bands.
    package struct Reading: Sendable, Hashable {
        package let lower: Double
        package let middle: Double
        package let upper: Double
    }

    private let length: Int
    private let width: Double
    private var values: [Double] = []
    private var oldest = 0

    /// - Precondition: `length` is positive.
    package init(length: Int, width: Double) {
        precondition(length > 0, "a window has at least one value")
        self.length = length
        self.width = width
    }

    /// Takes the next value; nil before there are `length` of them.
    ///
    /// Mean and deviation are taken afresh from the window each time, so that no rounding error builds up over a long run.
    package mutating func next(_ value: Double) -> Reading? {
        if values.count < length {
            values.append(value)
        } else {
            values[oldest] = value
            oldest = (oldest + 1) % length
        }
        guard values.count == length else { return nil }
        let mean = values.reduce(0, +) / Double(length)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(length)
        let deviation = width * variance.squareRoot()
        return Reading(lower: mean - deviation, middle: mean, upper: mean + deviation)
    }
}
