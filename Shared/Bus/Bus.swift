package import Contracts
import Glibc
package import Logging
import ServiceLifecycle
import Synchronization

/// What a subscription gives.
package enum BusMessage<Body: Message>: Sendable {
    case message(Envelope<Body>)
    /// The subscription stands for the first time; what happened before is in the tables.
    case connected
    /// It stands again after a loss: read on from the tables.
    case reconnected
    /// The reader was too slow and this many were dropped: read on from the tables.
    case missed(Int)
}

/// What a subscription to bytes gives.
package enum BusBytes: Sendable {
    case message(channel: String, bytes: [UInt8])
    case connected
    case reconnected
    case missed(Int)
}

/// Redis pub/sub: the bell of the suite. Nothing depends on a message arriving; what must survive is in Postgres.
///
/// Start it with `run()` (a `Service`) or `start()`. It connects by itself, again and again; `publish` never waits.
package final class Bus: Service {
    private let settings: BusSettings
    private let hooks: BusHooks
    private let publisher: Publisher
    private let subscriber: Subscriber
    private let link: Link
    private let ended = Latch(2)
    private let started = Mutex(false)

    package init(_ settings: BusSettings, logger: Logger, hooks: BusHooks = BusHooks()) {
        self.settings = settings
        self.hooks = hooks
        self.link = Link(changed: hooks.connected)
        self.publisher = Publisher(settings, hooks: hooks, logger: logger, link: link, ended: ended)
        self.subscriber = Subscriber(settings, hooks: hooks, logger: logger, link: link, ended: ended)
    }

    /// Whether both connections, for publishing and for listening, stand.
    package var isConnected: Bool { link.isConnected }

    /// Starts the two threads; a second call does nothing.
    package func start() {
        let first = started.withLock { started in
            defer { started = true }
            return !started
        }
        guard first else { return }
        // hiredis writes to sockets that may be closed; that must not end the process.
        signal(SIGPIPE, SIG_IGN)
        publisher.start()
        subscriber.start()
    }

    /// Starts, and closes at the graceful shutdown or when its task is cancelled.
    package func run() async throws {
        start()
        // Throws only when it is cancelled, which ends it too.
        try? await gracefulShutdown()
        await close()
    }

    /// Sends what waits (for at most a second), ends all subscriptions and both threads.
    package func close() async {
        publisher.close()
        subscriber.close()
        if started.withLock({ $0 }) { await ended.wait() }
    }

    /// Rings a bell. Never waits; what cannot be kept is dropped and counted.
    package func publish<Body>(_ envelope: Envelope<Body>, on channel: Channel<Body>) {
        guard let bytes = try? MessageCodec.encode(envelope) else { return hooks.dropped(.unencodable, 1) }
        publish(bytes, on: channel.name)
    }

    /// Publishes bytes that are a message already.
    package func publish(_ bytes: [UInt8], on channel: String) {
        guard bytes.count <= MessageCodec.maximumBytes else { return hooks.dropped(.unencodable, 1) }
        publisher.offer(Outgoing(channel: channel, bytes: bytes))
    }

    /// Listens to channels. What is not the expected message is counted and left out.
    ///
    /// Every mark that is not a message means that messages may be missing. The subscription ends when its task is cancelled
    /// or the stream is let go.
    ///
    /// - Parameter buffer: most messages that wait for the reader.
    package func subscribe<Body>(
        to channels: [Channel<Body>], buffer: Int = 4096
    ) -> AsyncStream<BusMessage<Body>> {
        let subscription = subscription(to: channels.map(\.name), buffer: buffer)
        let hooks = hooks
        return AsyncStream {
            while let item = await subscription.mailbox.next() {
                switch item {
                case .connected: return .connected
                case .reconnected: return .reconnected
                case .missed(let count): return .missed(count)
                case .message(_, let bytes):
                    do throws(MessageCodec.Failure) {
                        return .message(try MessageCodec.decode(bytes, as: Body.self))
                    } catch {
                        hooks.refused(Body.type, error.reason)
                    }
                }
            }
            return nil
        }
    }

    /// Listens to channels by name and leaves reading the bytes to the caller.
    package func subscribeBytes(to channels: [String], buffer: Int = 4096) -> AsyncStream<BusBytes> {
        let subscription = subscription(to: channels, buffer: buffer)
        return AsyncStream {
            switch await subscription.mailbox.next() {
            case .message(let channel, let bytes): .message(channel: channel, bytes: bytes)
            case .connected: .connected
            case .reconnected: .reconnected
            case .missed(let count): .missed(count)
            case nil: nil
            }
        }
    }

    private func subscription(to channels: [String], buffer: Int) -> Subscription {
        let hooks = hooks
        let mailbox = Mailbox(limit: buffer) { hooks.dropped(.slowConsumer, $0) }
        let id = subscriber.add(mailbox, channels: Set(channels))
        return Subscription(id: id, mailbox: mailbox, subscriber: subscriber)
    }
}

/// Keeps a subscription for as long as its stream lives.
private final class Subscription: Sendable {
    let mailbox: Mailbox
    private let id: Int
    private let subscriber: Subscriber

    init(id: Int, mailbox: Mailbox, subscriber: Subscriber) {
        self.id = id
        self.mailbox = mailbox
        self.subscriber = subscriber
    }

    deinit { subscriber.remove(id) }
}

extension MessageCodec.Failure {
    /// The label of the counter: a closed set.
    fileprivate var reason: String {
        switch self {
        case .tooLarge: "too_large"
        case .malformed: "malformed"
        case .unexpected: "unexpected"
        }
    }
}
