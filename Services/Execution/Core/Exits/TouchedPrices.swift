package import Domain

/// The lowest and the highest price since any moment, as far as prints were taken in, whatever their order.
///
/// Kept are only prints that are the extreme of everything after them. An order is compared with what was printed since it
/// stands, so that it neither misses a print of before it was looked at nor fires on one of before it existed.
package struct TouchedPrices: Hashable, Sendable {
    private struct Mark: Hashable, Sendable {
        var time: Timestamp
        let price: Price
    }

    /// Of each direction not more than this; then the oldest two become one, with the newer time and the more extreme price.
    package static let limit = 256

    /// By time, each more extreme than all that come after it.
    private var lows: [Mark] = []
    private var highs: [Mark] = []

    package init() {}

    package var isEmpty: Bool { lows.isEmpty }

    /// Takes a print in.
    package mutating func note(_ price: Price, at time: Timestamp) {
        let mark = Mark(time: time, price: price)
        Self.add(mark, to: &lows) { $0 <= $1 }
        Self.add(mark, to: &highs) { $0 >= $1 }
    }

    /// Takes in what another has kept.
    package mutating func merge(_ other: TouchedPrices) {
        for mark in other.lows { Self.add(mark, to: &lows) { $0 <= $1 } }
        for mark in other.highs { Self.add(mark, to: &highs) { $0 >= $1 } }
    }

    /// The lowest price at or after `time`; nil without a print since.
    package func low(since time: Timestamp) -> Price? { lows.first { $0.time >= time }?.price }

    /// The highest price at or after `time`; nil without a print since.
    package func high(since time: Timestamp) -> Price? { highs.first { $0.time >= time }?.price }

    /// Drops what was printed before `time`.
    package mutating func forget(before time: Timestamp) {
        lows.removeAll { $0.time < time }
        highs.removeAll { $0.time < time }
    }

    /// - Parameter covers: whether the first price is at least as extreme as the second.
    private static func add(_ mark: Mark, to marks: inout [Mark], covers: (Price, Price) -> Bool) {
        let place = marks.lastIndex { $0.time <= mark.time }.map { $0 + 1 } ?? 0
        if place < marks.count, covers(marks[place].price, mark.price) { return }
        var first = place
        while first > 0, covers(mark.price, marks[first - 1].price) { first -= 1 }
        marks.replaceSubrange(first..<place, with: [mark])
        guard marks.count > limit else { return }
        // Rather an order fires on a print of a moment before it than that it misses one.
        marks[0].time = marks[1].time
        marks.remove(at: 1)
    }
}
