import Domain
import Glibc

/// The slow part of a generated market: for each hour since 2024 a log price at its start and a regime.
///
/// A chain of random steps: extending it never changes what is already there, so any two processes with the same
/// seed agree on all of it, whenever they were started.
struct MarketPath: Sendable {
    /// How an hour moves.
    enum Regime: UInt8, Sendable { case ranging, rising, falling, crashing }

    /// The first hour, in hours since 1970: 2024-01-01T00:00Z.
    static let firstHour: Int64 = 473_352

    private let seed: UInt64
    private let name: UInt64
    private let center: Double
    private let volatility: Double
    private var levels: [Double]
    private var regimes: [Regime] = []

    init(_ market: MarketSpecification, seed: UInt64) {
        self.seed = seed
        self.name = market.instrument.symbol.name.stableKey
        self.center = log(market.basePrice)
        self.volatility = market.hourlyVolatility
        self.levels = [center]
    }

    /// Log price at the start and the end of an hour, and how it moves between.
    mutating func hour(_ hour: Int64) -> (from: Double, to: Double, regime: Regime) {
        let index = Int(max(0, hour - Self.firstHour))
        while regimes.count <= index { step() }
        return (levels[index], levels[index + 1], regimes[index])
    }

    private mutating func step() {
        let index = regimes.count
        var random = MarketRandom(seed, name, UInt64(index), 1)
        let regime = Self.next(after: regimes.last ?? .ranging, draw: random.unit())
        let shock = random.fatTailed() * volatility
        let level = levels[index]
        let pull = (center - level) * 0.004
        let move: Double =
            switch regime {
            case .ranging: 0.6 * shock
            case .rising: 0.8 * volatility + 0.8 * shock
            case .falling: -0.8 * volatility + 0.8 * shock
            case .crashing: -(0.04 + 0.07 * random.unit())
            }
        regimes.append(regime)
        levels.append(level + pull + move)
    }

    private static func next(after regime: Regime, draw: Double) -> Regime {
        if draw < 0.002 { return .crashing }
        switch regime {
        case .ranging: return draw < 0.10 ? .rising : draw < 0.20 ? .falling : .ranging
        case .rising: return draw < 0.20 ? .ranging : draw < 0.24 ? .falling : .rising
        case .falling: return draw < 0.20 ? .ranging : draw < 0.24 ? .rising : .falling
        case .crashing: return draw < 0.6 ? .rising : .ranging
        }
    }
}
