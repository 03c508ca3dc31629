import Domain
import Exchanges
import Logging
import MarketDataCore
import Outbound
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Follows the markets of Binance spot: connections for the streams, REST for what they do not tell.
final class BinanceFeed: Service {
    /// Markets that share a connection; each has two streams, and Binance allows 1024.
    static let symbolsPerConnection = 50

    private let url: String
    private let desks: [SymbolDesk]
    private let history: BinanceHistory
    private let staleAfter: Timestamp.Span
    private let figures: MarketFigures
    private let dependency: Health.Dependency
    private let logger: Logger

    init(
        url: String, desks: [SymbolDesk], history: BinanceHistory, staleAfter: Timestamp.Span, figures: MarketFigures,
        dependency: Health.Dependency, logger: Logger
    ) {
        self.url = url
        self.desks = desks
        self.history = history
        self.staleAfter = staleAfter
        self.figures = figures
        self.dependency = dependency
        self.logger = logger
    }

    /// Runs until the graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                for start in stride(from: 0, to: desks.count, by: Self.symbolsPerConnection) {
                    let connection = BinanceConnection(
                        url: url, desks: Array(desks[start..<min(start + Self.symbolsPerConnection, desks.count)]),
                        staleAfter: staleAfter, figures: figures, logger: logger)
                    group.addTask { await connection.run() }
                }
                await keepTime(&group)
            }
        }
        for desk in desks { desk.flush() }
    }

    /// Publishes what waited, notices silence, and has the feeds' questions answered, each market's one at a time.
    private func keepTime(_ group: inout DiscardingTaskGroup) async {
        var turn = 0
        while await Task.pause(for: .milliseconds(10)) {
            for desk in desks {
                desk.flush()
                if turn % 5 == 0 { ask(desk, &group) }
                if turn % 25 == 0 { desk.tick(forming: true) }
            }
            if turn % 50 == 0 { reportHealth() }
            turn += 1
        }
    }

    private func ask(_ desk: SymbolDesk, _ group: inout DiscardingTaskGroup) {
        guard let request = desk.nextRequest() else { return }
        let history = history
        group.addTask {
            var next: FeedRequest? = request
            while let request = next, !Task.isCancelled {
                await history.answer(request, for: desk)
                next = desk.nextRequest()
            }
        }
    }

    /// One quiet market does not make the exchange unreachable; all of them do, and so does history that cannot be had.
    private func reportHealth() {
        var silent: [String] = []
        var trouble: String?
        for desk in desks {
            let (state, reason) = desk.report()
            if let reason, trouble == nil { trouble = "\(desk.symbol): \(reason)" }
            if !state.connected || state.stale { silent.append("\(desk.symbol): \(state.reason)") }
        }
        if silent.count == desks.count, trouble == nil { trouble = silent.first }
        if let trouble { dependency.down(trouble) } else { dependency.up() }
    }
}
