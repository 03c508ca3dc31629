import Synchronization

/// A count that only grows.
package final class Counter: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// The count so far.
    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    /// Adds to the count; a negative or unreal amount is ignored.
    package func increment(by amount: Double = 1) {
        guard amount > 0, amount.isFinite else { return }
        increase(bits, by: amount)
    }

    /// Takes over a total that somebody else counts, when it is larger.
    package func raise(to total: Double) {
        var current = bits.load(ordering: .relaxed)
        while total > Double(bitPattern: current) {
            let (exchanged, original) = bits.weakCompareExchange(
                expected: current, desired: total.bitPattern, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}

/// A value that goes up and down.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// The value now.
    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// 1 for true, 0 for false.
    package func set(_ value: Bool) { set(value ? 1 : 0) }

    package func set(_ value: Int) { set(Double(value)) }

    /// Adds, or takes away when negative.
    package func add(_ amount: Double) { increase(bits, by: amount) }
}

/// A distribution over fixed buckets.
package final class Histogram: Sendable {
    /// For what takes microseconds to a second: doubling from 25 µs.
    package static let fastBuckets: [Double] = [
        25e-6, 50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.5e-3, 3e-3, 6e-3, 12e-3, 25e-3, 50e-3, 0.1, 0.25, 1,
    ]
    /// For what takes milliseconds to half a minute: requests to other machines.
    package static let slowBuckets: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// For deliveries to people, up to five minutes.
    package static let deliveryBuckets: [Double] = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]

    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    let buckets: [Double]
    private let state: Mutex<State>

    init(buckets: [Double]) {
        let ascending = Array(Set(buckets.filter(\.isFinite))).sorted()
        self.buckets = ascending
        self.state = Mutex(State(counts: Array(repeating: 0, count: ascending.count + 1)))
    }

    /// Adds one value; NaN is ignored.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let index = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    /// Adds one duration, in seconds.
    package func observe(_ duration: Duration) { observe(duration / .seconds(1)) }

    /// How many values were added.
    package var count: UInt64 { state.withLock { $0.counts.reduce(0, +) } }

    /// The count of each bucket, not cumulated, and the sum of all values.
    func snapshot() -> (counts: [UInt64], sum: Double) { state.withLock { ($0.counts, $0.sum) } }
}

/// Adds to a Double kept as bits.
private func increase(_ bits: borrowing Atomic<UInt64>, by amount: Double) {
    var current = bits.load(ordering: .relaxed)
    while true {
        let sum = Double(bitPattern: current) + amount
        let (exchanged, original) = bits.weakCompareExchange(
            expected: current, desired: sum.bitPattern, ordering: .relaxed)
        if exchanged { return }
        current = original
    }
}
