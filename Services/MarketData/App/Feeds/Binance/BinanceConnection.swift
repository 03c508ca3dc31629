import Domain
import Exchanges
import Logging
import Outbound
import ServiceKit
import Synchronization

/// One WebSocket with the streams of several markets, made anew whenever it ends or says nothing any more.
final class BinanceConnection: Sendable {
    private struct Silent: Error, CustomStringConvertible {
        var description: String { "no message for too long" }
    }

    private let address: String
    private let desks: [Symbol: SymbolDesk]
    private let order: [SymbolDesk]
    private let staleAfter: Timestamp.Span
    private let figures: MarketFigures
    private let logger: Logger
    private let client = WebSocketClient()
    /// Frames read on all connections so far; silence is when it stands still.
    private let frames = Atomic<Int>(0)

    init(url: String, desks: [SymbolDesk], staleAfter: Timestamp.Span, figures: MarketFigures, logger: Logger) {
        let streams = desks.flatMap { desk in
            let name = desk.symbol.name.lowercased()
            return ["\(name)@trade", "\(name)@bookTicker"]
        }
        self.address = "\(url)/stream?streams=\(streams.joined(separator: "/"))"
        self.desks = Dictionary(desks.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        self.order = desks
        self.staleAfter = staleAfter
        self.figures = figures
        self.logger = logger
    }

    /// Connects and reads, again and again, until the task is cancelled.
    func run() async {
        var backoff = Backoff(base: .milliseconds(250), limit: .seconds(30))
        var attempts = 0
        while !Task.isCancelled {
            let before = frames.load(ordering: .relaxed)
            if attempts > 0 { figures.reconnects.increment() }
            attempts += 1
            let reason = await follow()
            for desk in order { desk.disconnected(reason) }
            if Task.isCancelled { return }
            logger.warning("the connection to the exchange ended", metadata: ["reason": "\(reason)"])
            if frames.load(ordering: .relaxed) > before { backoff.reset() }
            if await !Task.pause(for: backoff.next()) { return }
        }
    }

    /// Follows one connection to its end, and says why it ended.
    private func follow() async -> String {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.read() }
                group.addTask { try await self.watch() }
                defer { group.cancelAll() }
                try await group.next()
            }
            return "closed"
        } catch {
            return "\(error)"
        }
    }

    private func read() async throws {
        try await client.withConnection(to: address) { [self] connection in
            logger.info("connected to the exchange", metadata: ["symbols": "\(order.count)"])
            for desk in order { desk.connected() }
            for try await message in connection.inbound {
                frames.add(1, ordering: .relaxed)
                figures.messages.increment()
                take(message)
            }
        }
    }

    /// Throws when nothing was read for longer than the limit. An answered ping is no data.
    private func watch() async throws {
        var seen = frames.load(ordering: .relaxed)
        var since = ContinuousClock.now
        let limit = Duration.nanoseconds(staleAfter.nanoseconds)
        while true {
            try await Task.sleep(for: min(limit / 4, .seconds(1)))
            let now = frames.load(ordering: .relaxed)
            if now != seen {
                seen = now
                since = .now
            } else if ContinuousClock.now - since > limit {
                throw Silent()
            }
        }
    }

    private func take(_ message: WebSocketMessage) {
        guard case .text(let text) = message else { return figures.frameRefused("binary") }
        do throws(BinanceFrameError) {
            take(try BinanceFrame.decode(text))
        } catch {
            figures.frameRefused(error.reason)
        }
    }

    private func take(_ event: BinanceEvent) {
        switch event {
        case .trade(let print):
            guard let desk = desks[print.symbol] else { return figures.frameRefused("unknown_symbol") }
            desk.receive(print)
        case .bookTicker(let ticker):
            guard let desk = desks[ticker.symbol] else { return figures.frameRefused("unknown_symbol") }
            if !desk.receive(ticker) { figures.frameRefused("crossed_quote") }
        case .kline, .executionReport, .listStatus, .accountPosition, .reply, .listenKeyExpired, .ignored:
            figures.frameRefused("unexpected")
        }
    }
}
