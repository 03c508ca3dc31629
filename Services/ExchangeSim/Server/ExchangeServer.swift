import Domain
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import ServiceKit

/// A running stand-in exchange: one port, one event loop.
final class ExchangeServer: Sendable {
    let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let exchange: NIOLoopBound<Exchange>

    private init(port: Int, group: MultiThreadedEventLoopGroup, channel: any Channel, exchange: NIOLoopBound<Exchange>)
    {
        self.port = port
        self.group = group
        self.channel = channel
        self.exchange = exchange
    }

    /// Prepares the market and opens the port.
    ///
    /// - Throws: for a recording that cannot be read, or a port that is taken.
    static func start(
        _ settings: ExchangeSettings, metrics: Metrics = Metrics(), health: Health? = nil,
        wallClock: @escaping @Sendable () -> Timestamp = { SystemClock().now() }
    ) async throws -> ExchangeServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let loop = group.next()
            let exchange = try await loop.submit {
                // A generated market goes on while its past is made; a recording waits.
                let begun = Exchange.monotonic
                let market = try PreparedMarket(settings, now: wallClock())
                let opened = if case .generator = settings.mode { begun } else { Exchange.monotonic }
                let exchange = Exchange(
                    settings, market: market, opened: opened, loop: loop, meters: Meters(metrics),
                    wallClock: wallClock)
                let state = try settings.stateFile.flatMap { try StateFile(path: $0).load() }
                if let state { exchange.venue.restore(state) }
                return NIOLoopBound(exchange, eventLoop: loop)
            }.get()
            let standard = StandardAnswers(health: health, metrics: metrics)
            let channel = try await bootstrap(group, exchange, standard)
                .bind(host: settings.host, port: settings.port).get()
            try await loop.submit { schedule(exchange, on: loop) }.get()
            return ExchangeServer(
                port: channel.localAddress?.port ?? 0, group: group, channel: channel, exchange: exchange)
        } catch {
            // Why it did not start matters more than why it did not end.
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Closes everything.
    func stop() async {
        // The process ends with it: what does not close by itself is closed then, and a state that is not kept is counted.
        try? await channel.close()
        try? await with { exchange in
            exchange.streams.closeAll(abruptly: true)
            exchange.save()
        }
        try? await group.shutdownGracefully()
    }

    /// Looks at the exchange, or changes it, on its own loop.
    func with<Value: Sendable>(_ body: @escaping @Sendable (Exchange) throws -> Value) async throws -> Value {
        let exchange = exchange
        return try await group.next().submit { try body(exchange.value) }.get()
    }

    /// Moves a standing exchange on; returns once everything up to `time` is sent.
    ///
    /// - Returns: how many trades, quotes and empty bars that were.
    @discardableResult
    func advance(to time: Timestamp) async throws -> Int {
        let exchange = exchange
        return try await group.next().flatSubmit { exchange.value.advance(to: time) }.get()
    }

    /// The exchange's time.
    var now: Timestamp { get async throws { try await with { $0.now } } }

    private static func schedule(_ exchange: NIOLoopBound<Exchange>, on loop: any EventLoop) {
        loop.scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) { _ in
            exchange.value.tick()
        }
        loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in exchange.value.save() }
        loop.scheduleRepeatedTask(initialDelay: .seconds(20), delay: .seconds(20)) { _ in
            exchange.value.streams.ping()
        }
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup, _ exchange: NIOLoopBound<Exchange>, _ standard: StandardAnswers
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 1 << 20, high: 8 << 20))
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, exchange, standard)
                }
            }
    }

    private static func configure(
        _ channel: any Channel, _ exchange: NIOLoopBound<Exchange>, _ standard: StandardAnswers
    ) throws {
        let web = NIOLoopBound(WebHandler(exchange.value, standard), eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 16, automaticErrorHandling: true,
            shouldUpgrade: { channel, head in
                let exchange = exchange.value
                let isDown = exchange.wallNow < exchange.faults.outageUntil
                let target = isDown ? nil : exchange.target(head.uri)
                return channel.eventLoop.makeSucceededFuture(target == nil ? nil : HTTPHeaders())
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let target = exchange.value.target(head.uri) else { throw ChannelError.inputClosed }
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64,
                            maxAccumulatedFrameSize: 1 << 17),
                        SocketHandler(exchange.value, target),
                    ])
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(web.value, promise: nil)
                }
            ))
        try channel.pipeline.syncOperations.addHandler(web.value)
    }
}

extension Exchange {
    /// What a WebSocket address asks for; nil when it is none of ours.
    func target(_ uri: String) -> SocketTarget? {
        SocketTarget(uri: uri) { key in
            guard let entry = listenKeys[key], entry.until > wallNow else { return nil }
            return entry.account
        }
    }
}
