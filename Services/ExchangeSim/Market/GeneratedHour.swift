import Domain
import Glibc

/// A trade of the generator, and the best bid and ask after it.
struct GeneratedTrade: Sendable, Equatable {
    let id: Int64
    let time: Timestamp
    let price: Price
    let quantity: Quantity
    let aggressor: Side
    let bid: Price
    let ask: Price
    let bidQuantity: Quantity
    let askQuantity: Quantity
}

/// Makes all trades of one hour of one market: always the same number, with ids that go on from the hour before.
///
/// Minutes differ in volatility and number of trades, both clustered; within a minute trades come in bursts. Prices
/// jump between bid and ask around a path that is bent so as to end where the next hour begins.
struct GeneratedHour {
    private static let minutes = 60

    let market: MarketSpecification
    let hour: Int64
    let tradeCount: Int
    let from: Double
    let to: Double
    let regime: MarketPath.Regime
    private var random: MarketRandom

    init(
        _ market: MarketSpecification, hour: Int64, tradeCount: Int, seed: UInt64,
        path: (from: Double, to: Double, regime: MarketPath.Regime)
    ) {
        self.market = market
        self.hour = hour
        self.tradeCount = tradeCount
        self.from = path.from
        self.to = path.to
        self.regime = path.regime
        self.random = MarketRandom(seed, market.instrument.symbol.name.stableKey, UInt64(bitPattern: hour), 2)
    }

    /// The trades in order of time.
    mutating func trades() -> [GeneratedTrade] {
        let moods = moods()
        let levels = levels(moods)
        let counts = counts(moods)
        var result: [GeneratedTrade] = []
        result.reserveCapacity(tradeCount)
        for minute in 0..<Self.minutes where counts[minute] > 0 {
            append(
                minute, count: counts[minute], from: levels[minute], to: levels[minute + 1], mood: moods[minute],
                to: &result)
        }
        return result
    }

    /// How lively each minute is: a slowly wandering logarithm.
    private mutating func moods() -> [Double] {
        var mood = 0.6 * random.normal()
        var result: [Double] = []
        for minute in 0..<Self.minutes {
            mood = 0.85 * mood + 0.32 * random.normal()
            result.append(mood + (regime == .crashing && (20..<32).contains(minute) ? 1.2 : 0))
        }
        return result
    }

    /// Log price at each minute's start, and at the hour's end.
    private mutating func levels(_ moods: [Double]) -> [Double] {
        let scale = market.hourlyVolatility / Double(Self.minutes).squareRoot()
        var walk = [0.0]
        for mood in moods { walk.append(walk[walk.count - 1] + scale * exp(0.5 * mood) * random.fatTailed()) }
        let drift = walk[Self.minutes]
        return walk.enumerated().map { minute, value in
            let share = Double(minute) / Double(Self.minutes)
            return from + value - drift * share + (to - from) * progress(share)
        }
    }

    /// How much of the hour's move is done after a share of it: evenly, but for a crash.
    private func progress(_ share: Double) -> Double {
        guard regime == .crashing else { return share }
        return min(1, max(0, (share - 1.0 / 3) * 5))
    }

    /// Trades per minute; together exactly `tradeCount`.
    private func counts(_ moods: [Double]) -> [Int] {
        let weights = moods.map { exp(1.1 * $0) }
        let total = weights.reduce(0, +)
        var sum = 0.0
        var given = 0
        return weights.enumerated().map { minute, weight in
            sum += weight
            let due =
                minute == Self.minutes - 1 ? tradeCount : Int((Double(tradeCount) * sum / total).rounded(.down))
            defer { given = max(given, due) }
            return max(0, due - given)
        }
    }

    private mutating func append(
        _ minute: Int, count: Int, from: Double, to: Double, mood: Double, to result: inout [GeneratedTrade]
    ) {
        let start = (hour * 60 + Int64(minute)) * 60_000
        let noise = market.hourlyVolatility / 60 * exp(0.5 * mood) * 2
        var wobble = 0.0
        for place in places(count) {
            wobble = 0.85 * wobble + noise * random.normal()
            let fade = 4 * place * (1 - place)
            let level = from + (to - from) * place + wobble * fade
            let leaning = 0.5 + max(-0.3, min(0.3, (to - from + wobble) / (4 * noise + 1e-12)))
            result.append(
                trade(
                    level: exp(level), buys: random.unit() < leaning, mood: mood,
                    id: hour * Int64(tradeCount) + Int64(result.count),
                    time: Timestamp(milliseconds: start + Int64(place * 59_999))))
        }
    }

    /// Where in the minute the trades fall, 0 … 1 in order: bursts with pauses between.
    private mutating func places(_ count: Int) -> [Double] {
        var place = 0.0
        var result: [Double] = []
        for _ in 0..<count {
            let pause = -log(1 - random.unit())
            place += random.unit() < 0.6 ? pause * 0.03 : pause
            result.append(place)
        }
        let end = place - log(1 - random.unit()) + 1e-9
        return result.map { $0 / end }
    }

    private mutating func trade(level: Double, buys: Bool, mood: Double, id: Int64, time: Timestamp) -> GeneratedTrade {
        let tick = market.instrument.tickSize.raw
        let half = level * market.halfSpread * exp(0.3 * mood) * 1e8
        let bid = max(1, Int64(((level * 1e8 - half) / Double(tick)).rounded(.down))) * tick
        let ask = max(bid + tick, Int64(((level * 1e8 + half) / Double(tick)).rounded(.up)) * tick)
        let whale = random.unit() < 0.004 ? 15.0 : 1.0
        return GeneratedTrade(
            id: id, time: time, price: Price(raw: buys ? ask : bid), quantity: size(times: whale),
            aggressor: buys ? .buy : .sell, bid: Price(raw: bid), ask: Price(raw: ask), bidQuantity: size(times: 8),
            askQuantity: size(times: 8))
    }

    private mutating func size(times factor: Double) -> Quantity {
        let lot = market.instrument.lotSize.raw
        let amount = market.tradeSize * factor * exp(1.1 * random.normal() - 0.6)
        return Quantity(raw: max(1, Int64(amount * 1e8 / Double(lot))) * lot)
    }
}
