import Domain
import Exchanges
import Synchronization
import TestKit

@testable import ExecutionApp

/// What an exchange tells of its past: trades and minutes as told, and nothing while it is away.
final class ScriptedPast: Sendable {
    struct Away: Error {}

    private struct State {
        var trades: [(price: Price, time: Timestamp)] = []
        var minutes: [Candle] = []
        var isAway = false
        var asked = 0
    }

    private let state = Mutex(State())

    /// How often it was asked for trades.
    var asked: Int { state.withLock { $0.asked } }

    func isAway(_ on: Bool) { state.withLock { $0.isAway = on } }

    func trade(at units: Int64, _ milliseconds: Int64) {
        state.withLock { $0.trades.append((Make.price(units), Make.time(milliseconds))) }
    }

    /// A minute that opened and closed at 100.
    func minute(_ number: Int64, low: Int64) {
        let candle = Candle(
            symbol: Make.btc, timeframe: .minute1, openTime: Make.time(number * 60_000), open: Make.price(100),
            high: Make.price(101), low: Make.price(low), close: Make.price(100), volume: Make.quantity(4),
            tradeCount: 4,
            isFinal: true)
        state.withLock { $0.minutes.append(candle) }
    }

    var source: MarketHistory.Source {
        MarketHistory.Source(
            trades: { [self] _, fromID, from in
                try state.withLock { state in
                    state.asked += 1
                    guard !state.isAway else { throw Away() }
                    return state.trades.enumerated().filter { index, trade in
                        fromID.map { Int64(index) >= $0 } ?? (trade.time >= from ?? .zero)
                    }.prefix(1000).map { Self.aggregate(Int64($0), $1.price, $1.time) }
                }
            },
            minutes: { [self] _, from in
                try state.withLock { state in
                    guard !state.isAway else { throw Away() }
                    return state.minutes.filter { $0.openTime >= from }
                }
            })
    }

    private static func aggregate(_ id: Int64, _ price: Price, _ time: Timestamp) -> BinanceAggregateTrade {
        BinanceAggregateTrade(
            id: id, price: price, quantity: Make.quantity(1), firstTradeID: id, lastTradeID: id,
            milliseconds: time.milliseconds, isBuyerMaker: false)
    }
}
