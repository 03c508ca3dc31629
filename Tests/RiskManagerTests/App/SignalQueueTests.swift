import Domain
import Testing

@testable import RiskManagerApp

struct SignalQueueTests {
    private func signal(_ name: String, _ seconds: Int64, _ action: Signal.Action = .enter, _ strategy: String = "a")
        -> Signal
    {
        Signal(
            strategy: strategy, symbol: symbol(name), timeframe: .minute1, candleClose: Timestamp(seconds: seconds),
            action: action, price: price("1"), stop: nil, target: nil, confidence: .one, reasons: [])
    }

    private func add(_ signal: Signal, to queue: inout SignalQueue) {
        let isKept = queue.add(signal)
        #expect(isKept)
    }

    @Test func `signals are decided in the order of time, symbol and strategy, whatever order they came in`() {
        let ordered = [
            signal("AAA", 1), signal("BBB", 1, .enter, "a"), signal("BBB", 1, .enter, "b"), signal("AAA", 2),
        ]
        var queue = SignalQueue()
        for signal in ordered.reversed() + ordered { add(signal, to: &queue) }
        #expect(queue.take(entries: true) == ordered)
        #expect(queue.take(entries: true).isEmpty)
    }

    @Test func `entries wait until enough is known, exits do not`() {
        var queue = SignalQueue()
        let (entry, exit) = (signal("AAA", 1), signal("AAA", 2, .exit))
        for signal in [entry, exit] { add(signal, to: &queue) }
        #expect(queue.take(entries: false) == [exit])
        #expect(queue.take(entries: true) == [entry])
    }

    @Test func `it is bounded`() {
        var queue = SignalQueue()
        for index in 0..<SignalQueue.limit { add(signal("AAA", Int64(index)), to: &queue) }
        let another = queue.add(signal("BBB", 1))
        #expect(!another)
        add(signal("AAA", 1), to: &queue)
    }
}
