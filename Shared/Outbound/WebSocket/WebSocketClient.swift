import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// Connects to WebSocket servers, `ws` and `wss` (TLS 1.2 and later, certificates verified).
package final class WebSocketClient: Sendable {
    package struct Settings: Sendable {
        /// For name, TCP, TLS and upgrade together.
        package var connectTimeout: Duration
        /// Pings leave this often.
        package var pingInterval: Duration
        /// No frame at all for this long ends the connection.
        package var silenceLimit: Duration
        /// Most bytes of a frame and of a message.
        package var messageLimit: Int
        /// A PEM file of authorities instead of the system's.
        package var authorityFile: String?

        package init(
            connectTimeout: Duration = .seconds(5), pingInterval: Duration = .seconds(15),
            silenceLimit: Duration = .seconds(40), messageLimit: Int = 1 << 20, authorityFile: String? = nil
        ) {
            self.connectTimeout = connectTimeout
            self.pingInterval = pingInterval
            self.silenceLimit = silenceLimit
            self.messageLimit = messageLimit
            self.authorityFile = authorityFile
        }
    }

    private typealias Messages = NIOAsyncChannel<[WebSocketMessage], WebSocketCommand>

    private enum Upgrade: Sendable {
        case done(Messages)
        case refused
    }

    private let settings: Settings
    private let tls = Mutex<NIOSSLContext?>(nil)

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Connects, runs `body`, and closes the connection when it returns or throws.
    ///
    /// - Throws: `WebSocketError`, or what `body` throws.
    package func withConnection<Result>(
        to url: String, headers: [(name: String, value: String)] = [],
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketConnection) async throws -> Result
    ) async throws -> Result {
        let target = try Target(url, headers: headers)
        let ending = WebSocketEnding()
        let channel = try await connect(target, ending)
        return try await channel.executeThenClose { inbound, outbound in
            try await body(WebSocketConnection(inbound, outbound, ending))
        }
    }

    private func connect(_ target: Target, _ ending: WebSocketEnding) async throws -> Messages {
        let progress = Progress(ending)
        do {
            let context = target.secure ? try context() : nil
            let upgrade = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(settings.connectTimeout.timeAmount)
                .connect(host: target.host, port: target.port) { [settings] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try Self.configure(channel, target, context, settings, progress)
                    }
                }
            switch try await upgrade.get() {
            case .done(let channel):
                progress.timer.withLock { $0?.cancel() }
                return channel
            case .refused: throw WebSocketError(code: .refused(status: progress.status), message: "no upgrade")
            }
        } catch {
            progress.timer.withLock { $0?.cancel() }
            throw Self.known(error, target, progress)
        }
    }

    private static func configure(
        _ channel: any Channel, _ target: Target, _ context: NIOSSLContext?, _ settings: Settings, _ progress: Progress
    ) throws -> EventLoopFuture<Upgrade> {
        let timer = channel.eventLoop.scheduleTask(in: settings.connectTimeout.timeAmount) {
            progress.timedOut.store(true, ordering: .relaxed)
            channel.close(promise: nil)
        }
        progress.timer.withLock { $0 = timer }
        let pipeline = channel.pipeline.syncOperations
        if let context {
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: target.serverName))
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: upgrade(target, settings, progress))
        // The first frame may come in one packet with the answer; it must not be dropped.
        configuration.leftOverBytesStrategy = .forwardBytes
        let result = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
        let handler = try pipeline.handler(type: NIOTypedHTTPClientUpgradeHandler<Upgrade>.self)
        let reader = RefusalReader { progress.note(status: $0) }
        try pipeline.addHandler(reader, position: .before(handler))
        return result
    }

    private static func upgrade(
        _ target: Target, _ settings: Settings, _ progress: Progress
    ) -> NIOTypedHTTPClientUpgradeConfiguration<Upgrade> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
            maxFrameSize: settings.messageLimit, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    WebSocketHandler(
                        messageLimit: settings.messageLimit, pingInterval: settings.pingInterval.timeAmount,
                        silenceLimit: settings.silenceLimit.timeAmount, ending: progress.ending))
                return .done(try Messages(wrappingChannelSynchronously: channel))
            }
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: target.path,
            headers: HTTPHeaders(target.headers.map { ($0.name, $0.value) }))
        return NIOTypedHTTPClientUpgradeConfiguration(upgradeRequestHead: head, upgraders: [upgrader]) { channel in
            channel.close(promise: nil)
            return channel.eventLoop.makeSucceededFuture(.refused)
        }
    }

    private func context() throws -> NIOSSLContext {
        try tls.withLock { cached in
            if let cached { return cached }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            if let file = settings.authorityFile { configuration.trustRoots = .file(file) }
            let context = try NIOSSLContext(configuration: configuration)
            cached = context
            return context
        }
    }

    private static func known(_ error: any Error, _ target: Target, _ progress: Progress) -> WebSocketError {
        if progress.timedOut.load(ordering: .relaxed) {
            return WebSocketError(code: .timedOut, message: "\(target.host):\(target.port): no connection in time")
        }
        let words = ConnectionTrouble.words(error, host: target.host, port: target.port)
        return switch error {
        case let error as WebSocketError: error
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: WebSocketError(code: .tlsFailed, message: words)
        case is HTTPParserError, is NIOHTTPClientUpgradeError:
            WebSocketError(code: .refused(status: progress.status), message: words)
        case ChannelError.connectTimeout: WebSocketError(code: .timedOut, message: words)
        default: WebSocketError(code: .couldNotConnect, message: words)
        }
    }
}

/// How far a connection attempt came.
private final class Progress: Sendable {
    let timedOut = Atomic(false)
    let timer = Mutex<Scheduled<Void>?>(nil)
    private let noted = Atomic(0)
    let ending: WebSocketEnding

    init(_ ending: WebSocketEnding) { self.ending = ending }

    var status: Int { noted.load(ordering: .relaxed) }
    func note(status: Int) { noted.store(status, ordering: .relaxed) }
}

/// The parts of a WebSocket URL.
private struct Target: Sendable {
    let secure: Bool
    let host: String
    let port: Int
    /// With the query.
    let path: String
    let headers: [(name: String, value: String)]

    /// Nil for an address: TLS knows names only.
    var serverName: String? {
        // What is no address is a name.
        (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
    }

    init(_ url: String, headers: [(name: String, value: String)]) throws(WebSocketError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["ws", "wss"].contains(scheme),
            let host = parts.host, !host.isEmpty, parts.user == nil
        else { throw WebSocketError(code: .invalidRequest, message: "not a ws or wss URL") }
        secure = scheme == "wss"
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = parts.port ?? (secure ? 443 : 80)
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.path = parts.percentEncodedQuery.map { "\(path)?\($0)" } ?? path
        let hostLine = parts.port.map { "\(host):\($0)" } ?? host
        guard headers.allSatisfy({ $0.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }) else {
            throw WebSocketError(code: .invalidRequest, message: "a header is not usable")
        }
        self.headers = [(name: "Host", value: hostLine)] + headers
    }
}

extension Duration {
    fileprivate var timeAmount: TimeAmount { .nanoseconds(Int64(curlMilliseconds) * 1_000_000) }
}
