import Domain
import Exchanges
import Logging
import Outbound
import Synchronization

/// The stream on which Binance reports what happens to our orders. A courtesy: whatever it loses is asked for.
struct BinanceUserStream: Sendable {
    enum Event: Sendable {
        case connected
        case disconnected(reason: String)
        case report(BinanceExecutionReport)
    }

    let rest: BinanceREST
    let socket: WebSocketClient
    /// Such as `wss://stream.binance.com:9443`, without a slash at the end.
    let url: String
    let logger: Logger
    /// How long a key lives unless it is kept; it is kept at half of it.
    private static let keepEvery = Duration.seconds(30 * 60)

    /// Connects again and again until its task is cancelled.
    func run(_ handle: @escaping @Sendable (Event) -> Void) async throws {
        var pause = Duration.milliseconds(250)
        while true {
            let began = ContinuousClock.now
            do {
                let key = try await rest.openUserStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await read(key, handle) }
                    group.addTask { try await keep(key) }
                    defer { group.cancelAll() }
                    try await group.next()
                }
                handle(.disconnected(reason: "the exchange ended the stream"))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                handle(.disconnected(reason: "\(error)"))
                logger.warning("the user stream is down", metadata: ["error": "\(error)"])
            }
            // A stream that stood for a while begins with a short pause again; a refused key must not become a flood.
            if ContinuousClock.now - began > .seconds(60) { pause = .milliseconds(250) }
            try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, .seconds(30))
        }
    }

    private func read(_ key: String, _ handle: @escaping @Sendable (Event) -> Void) async throws {
        try await socket.withConnection(to: "\(url)/ws/\(key)") { connection in
            handle(.connected)
            for try await message in connection.inbound {
                guard case .text(let text) = message else { continue }
                do throws(BinanceFrameError) {
                    switch try BinanceFrame.decode(text) {
                    case .executionReport(let report): handle(.report(report))
                    case .listenKeyExpired: return
                    case .trade, .bookTicker, .kline, .listStatus, .accountPosition, .reply, .ignored: break
                    }
                } catch {
                    logger.warning("a frame of the user stream is not understood", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func keep(_ key: String) async throws {
        while true {
            try await Task.sleep(for: Self.keepEvery)
            try await rest.keepUserStream(key)
        }
    }
}
