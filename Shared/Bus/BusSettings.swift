/// Where Redis is and how much may wait for it.
package struct BusSettings: Sendable {
    package var host: String
    /// TCP port.
    package var port: Int32
    /// Nil or empty: no AUTH is sent.
    package var password: String?
    /// Most messages that wait to be published; the oldest market data goes first.
    package var publishLimit = 16_384
    /// Most bytes that wait to be published.
    package var publishBytesLimit = 64 << 20
    /// Most messages that one pipeline carries.
    package var pipelineLimit = 256
    package var connectTimeout: Duration = .seconds(2)
    /// No answer for this long means that the connection is dead.
    package var answerTimeout: Duration = .seconds(5)
    /// A quiet connection is asked whether it lives this often.
    package var pingInterval: Duration = .seconds(2)
    /// First pause before a new connection; it doubles up to `maximumPause`, with jitter.
    package var firstPause: Duration = .milliseconds(50)
    package var maximumPause: Duration = .seconds(3)

    package init(host: String, port: Int32, password: String? = nil) {
        self.host = host
        self.port = port
        self.password = password
    }
}

extension BusSettings: CustomStringConvertible {
    /// Without the password.
    package var description: String { "redis at \(host):\(port)" }
}

/// Why a message did not leave.
package enum BusDropReason: String, Sendable, CaseIterable {
    /// The queue was full of newer ones.
    case queueFull = "queue_full"
    /// Market data while there is no connection: worth nothing later.
    case disconnected
    /// Redis answered with an error.
    case refused
    /// It did not become JSON, or is longer than consumers read.
    case unencodable
    /// A consumer read too slowly.
    case slowConsumer = "slow_consumer"
    /// The bus was closed with messages still waiting.
    case closed
}

/// What the bus tells those who count; called on its own threads and on callers', so it must be quick and must not call back.
package struct BusHooks: Sendable {
    /// Both connections stand, or one of them was lost.
    package var connected: @Sendable (Bool) -> Void
    package var published: @Sendable (Int) -> Void
    package var dropped: @Sendable (BusDropReason, Int) -> Void
    /// Messages that arrived for a subscription.
    package var received: @Sendable (Int) -> Void
    /// A message that is not what its channel carries: the message's type and a reason of a closed set.
    package var refused: @Sendable (_ kind: String, _ reason: String) -> Void

    package init(
        connected: @escaping @Sendable (Bool) -> Void = { _ in },
        published: @escaping @Sendable (Int) -> Void = { _ in },
        dropped: @escaping @Sendable (BusDropReason, Int) -> Void = { _, _ in },
        received: @escaping @Sendable (Int) -> Void = { _ in },
        refused: @escaping @Sendable (_ kind: String, _ reason: String) -> Void = { _, _ in }
    ) {
        self.connected = connected
        self.published = published
        self.dropped = dropped
        self.received = received
        self.refused = refused
    }
}
