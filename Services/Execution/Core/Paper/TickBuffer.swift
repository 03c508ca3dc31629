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
            head = head + 1 == capacity ? 0 : head + 1
        }
    }

    /// The first tick at or after `time` for which `body` gives a value.
    package func first<Value>(since time: Timestamp, _ body: (Tick) -> Value?) -> Value? {
        // They came in order of time, and what is looked for is mostly the last few.
        var count = 0
        while count < ticks.count, tick(fromEnd: count).time >= time { count += 1 }
        while count > 0 {
            count -= 1
            if let value = body(tick(fromEnd: count)) { return value }
        }
        return nil
    }

    /// The newest is 0.
    private func tick(fromEnd offset: Int) -> Tick {
        let place = head + ticks.count - 1 - offset
        return ticks[place < ticks.count ? place : place - ticks.count]
    }
}
