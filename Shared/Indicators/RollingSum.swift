/// The exact sum of the last `length` integers, such as prices in units of 1e-8.
///
/// It is taken as integers so that a sum carried on and a sum taken afresh are the same number: a decision that is made again
/// after a restart is the same decision.
package struct RollingSum: Sendable, Hashable {
    /// How many values the sum is over.
    package let length: Int
    /// How many values it has seen since the start or the last `reset`, at most `length`.
    @usableFromInline package private(set) var count = 0
    /// The sum of the last `count` values.
    @usableFromInline package private(set) var sum: Int128 = 0
    @usableFromInline var values: [Int64]
    @usableFromInline var next = 0

    /// - Precondition: `length` is positive.
    package init(length: Int) {
        precondition(length > 0, "a window has at least one value")
        self.length = length
        self.values = Array(repeating: 0, count: length)
    }

    /// `length` values have been seen.
    package var isFull: Bool { count == length }

    /// Takes the next value; the oldest one falls out once the window is full.
    package mutating func push(_ value: Int64) {
        sum += Int128(value) - Int128(values[next])
        values[next] = value
        next = next + 1 == length ? 0 : next + 1
        if count < length { count += 1 }
    }

    /// Forgets everything.
    package mutating func reset() {
        for index in values.indices { values[index] = 0 }
        count = 0
        sum = 0
        next = 0
    }
}
