import Domain
import RiskManagerCore
import Synchronization

/// The last prices of every symbol, kept a little back so that a decision sees the prices of its own moment and not later ones.
final class MarketView: Sendable {
    /// Most prices kept for a symbol.
    static let depth = 512
    /// Most minutes whose last price is kept for a symbol.
    static let minutes = 120

    private struct State {
        var points: [Symbol: [PricePoint]] = [:]
        /// The last price before each of the last minutes of a symbol, oldest first: they outlast the points.
        var closes: [Symbol: [PricePoint]] = [:]
        var instruments: [Symbol: Instrument]?
        var hasHistory = false
    }

    private let state = Mutex(State())

    /// Takes prices in the order of the exchange; older ones than the newest known are left out.
    func note(_ symbol: Symbol, _ prices: some Sequence<PricePoint>) {
        state.withLock { state in
            var points = state.points[symbol] ?? []
            for point in prices where point.price.isPositive {
                if let newest = points.last {
                    if point.time < newest.time { continue }
                    if point.time.minute > newest.time.minute { state.closes[symbol, default: []].append(newest) }
                }
                points.append(point)
            }
            if points.count > Self.depth { points.removeFirst(points.count - Self.depth) }
            state.points[symbol] = points
            if let closes = state.closes[symbol], closes.count > Self.minutes {
                state.closes[symbol] = closes.suffix(Self.minutes)
            }
        }
    }

    /// The venue's rules were read.
    func note(_ instruments: [Symbol: Instrument]) { state.withLock { $0.instruments = instruments } }

    /// The last candles were read: what has no price now has none.
    func noteHistory() { state.withLock { $0.hasHistory = true } }

    /// Nil until the venue told them.
    var instruments: [Symbol: Instrument]? { state.withLock { $0.instruments } }

    /// Enough is known to decide about entries. Before that they wait.
    var isReady: Bool { state.withLock { $0.instruments != nil && $0.hasHistory } }

    /// The newest price of a symbol.
    func newest(_ symbol: Symbol) -> PricePoint? { state.withLock { $0.points[symbol]?.last } }

    /// The newest prices.
    var latest: MarketSnapshot { snapshot { points, _ in points.last } }

    /// The prices just before an exchange time; where all that are known are later, the first of them.
    func asOf(_ time: Timestamp) -> MarketSnapshot {
        snapshot { points, closes in
            points.last { $0.time < time } ?? closes.last { $0.time < time } ?? closes.first ?? points.first
        }
    }

    private func snapshot(_ choose: ([PricePoint], [PricePoint]) -> PricePoint?) -> MarketSnapshot {
        state.withLock { state in
            var prices: [Symbol: PricePoint] = [:]
            for (symbol, points) in state.points { prices[symbol] = choose(points, state.closes[symbol] ?? []) }
            return MarketSnapshot(
                prices: prices, time: state.points.values.compactMap(\.last?.time).max() ?? .zero)
        }
    }
}
