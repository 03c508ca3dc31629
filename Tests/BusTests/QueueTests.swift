import Testing

@testable import Bus

/// The parts of the bus that decide, without a socket.
struct QueueTests {
    private func message(_ channel: String, _ text: String = "x") -> Outgoing {
        Outgoing(channel: channel, bytes: Array(text.utf8))
    }

    @Test func `bells go first, and market data makes room`() {
        var queue = PublishQueue(limit: 3, bytesLimit: 1000)
        #expect(queue.append(message("md.trades.A", "1")) == 0)
        #expect(queue.append(message("risk.orders", "2")) == 0)
        #expect(queue.append(message("md.trades.A", "3")) == 0)
        #expect(queue.append(message("risk.orders", "4")) == 1)
        #expect(queue.take(10).map { String(decoding: $0.bytes, as: UTF8.self) } == ["2", "4", "3"])
        #expect(queue.count == 0)
    }

    @Test func `bytes are bounded too, but one message always fits`() {
        var queue = PublishQueue(limit: 100, bytesLimit: 10)
        #expect(queue.append(message("risk.orders", "12345678901234")) == 0)
        #expect(queue.append(message("risk.orders", "1")) == 1)
        #expect(queue.count == 1)
    }

    @Test func `after a loss bells are sent again in their order`() {
        var queue = PublishQueue(limit: 100, bytesLimit: 1000)
        for text in ["1", "2", "3"] { _ = queue.append(message("risk.orders", text)) }
        _ = queue.append(message("md.quotes.A", "4"))
        let batch = queue.take(2)
        #expect(queue.connectionLost(unanswered: batch + [message("md.quotes.A", "5")]) == 2)
        #expect(queue.take(10).map { String(decoding: $0.bytes, as: UTF8.self) } == ["1", "2", "3"])
    }

    @Test func `a queue agrees with an array under many operations`() {
        var queue = FIFO<Int>()
        var model: [Int] = []
        for number in 0..<20_000 {
            if number % 3 != 0 {
                queue.append(number)
                model.append(number)
            } else {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            if number % 997 == 0 {
                queue.putBack([-1, -2])
                model.insert(contentsOf: [-1, -2], at: 0)
            }
        }
        while let next = queue.popFirst() { #expect(next == model.removeFirst()) }
        #expect(model.isEmpty)
    }

    @Test func `a subscription is complete when each of its channels is confirmed`() {
        var table = SubscriptionTable<String>()
        let first = table.add("one", channels: ["a", "b"])
        #expect(table.confirmed("a").isEmpty)
        #expect(table.confirmed("b").map(\.receiver) == ["one"])
        _ = table.add("two", channels: ["b"])
        #expect(table.confirmed("b").map(\.receiver) == ["two"])
        table.connectionLost()
        #expect(table.confirmed("a").isEmpty)
        #expect(table.confirmed("b").map(\.again) == [true, true])
        #expect(table.receivers(of: "b") == ["one", "two"])
        #expect(table.remove(first)?.unused == ["a"])
        #expect(table.remove(first) == nil)
        #expect(table.channels == ["b"])
    }
}
