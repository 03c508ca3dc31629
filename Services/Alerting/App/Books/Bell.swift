/// Wakes one task. Rings that come while it works are one.
final class Bell: Sendable {
    private let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { continuation.yield() }

    /// No more rings; who listens ends.
    func close() { continuation.finish() }

    /// Calls `body` after each ring, until the bell is closed or the task is cancelled.
    func eachRing(_ body: () async -> Void) async {
        for await _ in rings { await body() }
    }
}
