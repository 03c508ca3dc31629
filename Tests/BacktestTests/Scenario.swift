import Backtest
import Domain
import ExecutionCore
import RiskManagerCore
import StrategyCore
import TestKit

extension Symbol {
    static let btc = Symbol("BTCUSDT").unsafelyUnwrapped
    static let eth = Symbol("ETHUSDT").unsafelyUnwrapped
}

/// Enters at the close of its first bar and leaves at the close of a given one.
struct Scripted: Strategy {
    var window: Int { 1 }
    let stop: Price
    let target: Price
    /// Which bar's close it leaves at, from 1; nil for never.
    let exitAt: Int?
    private var count = 0

    init(stop: Int64, target: Int64, exitAt: Int?) {
        self.stop = Price(raw: stop * unit)
        self.target = Price(raw: target * unit)
        self.exitAt = exitAt
    }

    mutating func next(_ bar: Bar) -> Intent? {
        count += 1
        if count == 1 { return .enter(stop: stop, target: target, confidence: .one, reasons: ["first bar"]) }
        return count == exitAt ? .exit(confidence: .one, reasons: ["scripted"]) : nil
    }

    mutating func reset() {}
}

let unit: Int64 = 100_000_000
let start = Timestamp(seconds: 1_700_000_040)

/// A minute's bar in whole units.
func bar(
    _ index: Int, _ open: Int64, _ high: Int64, _ low: Int64, _ close: Int64, volume: Int64 = 4, symbol: Symbol = .btc
) -> Candle {
    Candle(
        symbol: symbol, timeframe: .minute1, openTime: start + .minutes(Int64(index)), open: Price(raw: open * unit),
        high: Price(raw: high * unit), low: Price(raw: low * unit), close: Price(raw: close * unit),
        volume: Quantity(raw: volume * unit), tradeCount: 4, isFinal: true)
}

/// A random walk of minutes.
func walk(_ count: Int, seed: UInt64, symbol: Symbol = .btc) -> [Candle] {
    var random = SeededRandom(seed: seed)
    var price: Int64 = 50_000 * 100
    let cent = unit / 100
    return (0..<count).map { index in
        let open = price
        price += Int64.random(in: -(price / 300)...(price / 300), using: &random)
        let high = max(open, price) + Int64.random(in: 0...(price / 400), using: &random)
        let low = min(open, price) - Int64.random(in: 0...(price / 400), using: &random)
        let isEmpty = index % 97 == 96
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: start + .minutes(Int64(index)),
            open: Price(raw: open * cent), high: Price(raw: (isEmpty ? open : high) * cent),
            low: Price(raw: (isEmpty ? open : low) * cent), close: Price(raw: (isEmpty ? open : price) * cent),
            volume: Quantity(raw: isEmpty ? 0 : .random(in: 1000...1_000_000_000, using: &random)), tradeCount: 4,
            isFinal: true)
    }
}

extension BacktestSetup {
    /// One account of 10,000 with the usual limits.
    static func usual(
        _ instances: [StrategyInstance], fee: Ratio = .zero, slippage: Ratio = .zero, symbols: [Symbol] = [.btc]
    ) -> BacktestSetup {
        BacktestSetup(
            account: "paper", deposit: Money(raw: Int128(10_000) * Int128(unit)), instances: instances,
            instruments: symbols.map { symbol in
                Instrument(
                    symbol: symbol, base: "BTC", quote: "USDT", tickSize: Price(raw: unit / 100),
                    lotSize: Quantity(raw: unit / 100_000), minimumQuantity: Quantity(raw: unit / 100_000),
                    maximumQuantity: Quantity(raw: 9000 * unit), minimumNotional: Money(raw: Int128(5 * unit)))
            },
            policy: RiskPolicy(
                riskPerTrade: Ratio(5, over: 1000),
                limits: RiskLimits(
                    position: Ratio(1, over: 5), grossExposure: Ratio(4, over: 5), openPositions: 5,
                    dailyLoss: Ratio(1, over: 2), drawdown: Ratio(9, over: 10), monthlyDrawdown: Ratio(9, over: 10),
                    monthlyDrawdownNearGoal: Ratio(2, over: 100)),
                entryExpiry: .seconds(30), stalePriceAfter: .seconds(15)),
            checks: OrderGuard(
                priceSanity: Ratio(5, over: 100), notionalCap: Money(raw: Int128(5000) * Int128(unit)),
                staleAfter: .seconds(15)),
            costs: PaperCosts(latency: .milliseconds(50), fee: fee, slippage: slippage))
    }

    static func momentum(_ symbols: [Symbol] = [.btc], timeframe: Timeframe = .minute1) throws -> BacktestSetup {
        let instance = StrategyInstance(
            id: "m", kind: .momentum, timeframe: timeframe, symbols: symbols, parameters: [:],
            rule: try StrategyKind.momentum.make([:]))
        return usual([instance], fee: Ratio(1, over: 1000), slippage: Ratio(2, over: 10_000), symbols: symbols)
    }

    static func scripted(stop: Int64, target: Int64, exitAt: Int? = nil) -> BacktestSetup {
        usual([
            StrategyInstance(
                id: "s", kind: .momentum, timeframe: .minute1, symbols: [.btc], parameters: [:],
                rule: Scripted(stop: stop, target: target, exitAt: exitAt))
        ])
    }
}

extension Backtest {
    /// Runs all of it, bars that open together at once.
    static func run(_ setup: BacktestSetup, _ bars: [Candle]) throws -> Backtest {
        var backtest = Backtest(setup)
        var group: [Candle] = []
        for bar in bars.sorted(by: { ($0.openTime, $0.symbol) < ($1.openTime, $1.symbol) }) {
            if let first = group.first, first.openTime != bar.openTime {
                try backtest.take(group)
                group = []
            }
            group.append(bar)
        }
        try backtest.take(group)
        return backtest
    }
}
