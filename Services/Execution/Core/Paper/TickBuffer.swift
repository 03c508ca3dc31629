package import Domain

/// The newest ticks, oldest first, not more than `capacity`.
package struct TickBuffer: Sendable {
    package let capacity: Int
    private var ticks: [Tick] = []
    /// Where the oldest is once the buffer is full.
    private var head = 0

    package init(capacity: Int) { self.capacity = max(capacity, 0) }

    package mutating func append(_ tick: Tick) {
        guard capacity > 0 else { return }
        if ticks.count < capacity {
            ticks.append(tick)
        } else {
            ticks[head] = tick
            head = (head + 1) % capacity
        }
    }

    /// The first tick at or after `time` for which `body` gives a value.
    package func first<Value>(since time: Timestamp, _ body: (Tick) -> Value?) -> Value? {
        for offset in 0..<ticks.count {
            let tick = ticks[(head + offset) % ticks.count]
            if tick.time >= time, let value = body(tick) { return value }
        }
        return nil
    }
}
