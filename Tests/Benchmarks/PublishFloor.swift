import ArgumentParser
import Bus
import Foundation
import Synchronization

/// The floor of market data: how many messages a second one pipelining connection publishes.
struct PublishFloor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-publish", abstract: "Pipelined PUBLISH of messages the size of a batch of prints.")

    @OptionGroup var servers: Servers
    @Option(help: "How many messages.") var count = 200_000
    @Option(help: "Bytes of each.") var size = 420

    func run() async throws {
        let done = Counter()
        let bus = try servers.bus(hooks: BusHooks(published: { done.add($0) }))
        bus.start()
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        while !bus.isConnected { try await Task.sleep(for: .milliseconds(5)) }
        let spent = ProcessorTime()
        let began = ContinuousClock.now
        var sent = 0
        while sent < count {
            // The queue is bounded: never more in it than it keeps.
            if sent - done.value < 8000 {
                bus.publish(payload, on: "bench.prints")
                sent += 1
            } else {
                try await Task.sleep(for: .microseconds(200))
            }
        }
        while done.value < count { try await Task.sleep(for: .microseconds(200)) }
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        let busy = spent.seconds
        await bus.close()
        try report([
            "messages_per_second": Double(count) / (Double(seconds) + Double(attoseconds) / 1e18),
            "messages_per_cpu_second": Double(count) / busy,
        ])
    }
}

/// Counts on the bus's thread, read here.
private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add(_ more: Int) { count.add(more, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
