import Domain
import RiskManagerCore
import Synchronization

/// The last prices of every symbol, kept a little back so that a decision sees the prices of its own moment and not later ones.
final class MarketView: Sendable {
    /// Most prices kept for a symbol.
    static let depth = 512
    /// Most minutes whose last price is kept for a symbol.
    static let minutes = 120

    fileprivate struct State {
        var points: [Symbol: [PricePoint]] = [:]
        /// The last price before each of the last minutes of a symbol, oldest first: they outlast the points.
        var closes: [Symbol: [PricePoint]] = [:]
        var instruments: [Symbol: Instrument]?
        var hasHistory = false
        /// Since when every price of a symbol was heard.
        var heardSince: [Symbol: Timestamp] = [:]
    }

    private let state = Mutex(State())

    /// Takes prices in the order of the exchange; older ones than the newest known are left out.
    func note(_ symbol: Symbol, _ prices: some Sequence<PricePoint>) {
        state.withLock { $0.note(symbol, prices) }
    }

    /// As `note`, of prices that are heard as they are made.
    func hear(_ symbol: Symbol, _ prices: some Sequence<PricePoint>) {
        state.withLock { state in
            state.note(symbol, prices)
            if state.heardSince[symbol] == nil, let newest = state.points[symbol]?.last {
                state.heardSince[symbol] = newest.time
            }
        }
    }

    /// Prices are heard from now on; those that were made before may have been missed.
    func beginHearing() { state.withLock { $0.heardSince = [:] } }

    /// Takes the close of a candle, which may be older than prices that were heard since: it tells what was missed before them.
    func note(_ symbol: Symbol, close: PricePoint) {
        state.withLock { state in
            guard let first = state.heardSince[symbol], close.time < first else { return state.note(symbol, [close]) }
            var closes = state.closes[symbol] ?? []
            let place = closes.firstIndex { $0.time >= close.time } ?? closes.endIndex
            if place == closes.endIndex || closes[place].time != close.time { closes.insert(close, at: place) }
            state.closes[symbol] = closes.suffix(Self.minutes)
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

    /// Every one of `symbols` was heard for as long as a candle takes: nothing is missing that candles could tell.
    func hasHeard(_ symbols: [Symbol]) -> Bool {
        state.withLock { state in
            symbols.allSatisfy { symbol in
                guard let since = state.heardSince[symbol], let newest = state.points[symbol]?.last else {
                    return false
                }
                return newest.time - since > Timeframe.minute1.span
            }
        }
    }

    /// The newest prices.
    var latest: MarketSnapshot { snapshot { points, _ in points.last } }

    /// The prices just before an exchange time; where all that are known are later, the first of them.
    func asOf(_ time: Timestamp) -> MarketSnapshot {
        snapshot { points, closes in
            let before = [points.last { $0.time < time }, closes.last { $0.time < time }].compactMap(\.self)
            return before.max { $0.time < $1.time } ?? closes.first ?? points.first
        }
    }

    private func snapshot(_ choose: ([PricePoint], [PricePoint]) -> PricePoint?) -> MarketSnapshot {
        state.withLock { state in
            var prices: [Symbol: PricePoint] = [:]
            for (symbol, points) in state.points { prices[symbol] = choose(points, state.closes[symbol] ?? []) }
            return MarketSnapshot(
                prices: prices, time: state.points.values.compactMap(\.last?.time).max() ?? .zero,
                heardSince: state.heardSince)
        }
    }
}

extension MarketView.State {
    fileprivate mutating func note(_ symbol: Symbol, _ prices: some Sequence<PricePoint>) {
        var points = points[symbol] ?? []
        for point in prices where point.price.isPositive {
            if let newest = points.last {
                if point.time < newest.time { continue }
                if point.time.minute > newest.time.minute { closes[symbol, default: []].append(newest) }
            }
            points.append(point)
        }
        if points.count > MarketView.depth { points.removeFirst(points.count - MarketView.depth) }
        self.points[symbol] = points
        if let kept = closes[symbol], kept.count > MarketView.minutes {
            closes[symbol] = kept.suffix(MarketView.minutes)
        }
    }
}
