import Domain
import Foundation
import MarketDataCore
import ServiceKit
import StrategyCore
import TestKit
import Testing
import TradingSettings

@testable import ExchangeSim

/// What the demo promises, whatever the seed: something to see within ten minutes, although nothing is scripted.
@Suite struct SeedTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `the demo's strategy enters within ten minutes of generated market, whenever it is started`(seed: UInt64)
        throws
    {
        let settings = try Settings.load(path: Repository.root.appending(path: "config/plimsoll.yaml").path)
        let symbols = settings.reader.symbols("exchange.symbols")
        let instances = settings.reader.scoped(to: "strategy").items("instances").compactMap { StrategyInstance($0) }
        #expect(symbols.count == 5 && instances.count == 1)
        let perSecond = settings.reader.integer("exchange_sim.trades_per_second", in: 1...100)
        var random = SeededRandom(seed: seed)
        var waits: [Int64] = []
        for _ in 0..<4 {
            let opening = Timestamp(seconds: 1_795_000_000 + Int64.random(in: 0..<8_640_000, using: &random))
            let candles = symbols.flatMap { symbol in
                self.candles(symbol, seed: seed, perSecond: perSecond, opening: opening)
            }
            var runner = StrategyRunner(instances)
            var first: Timestamp?
            for candle in candles.sorted(by: { ($0.closeTime, $0.symbol.name) < ($1.closeTime, $1.symbol.name) }) {
                for case .signal(let signal) in runner.take(candle)
                where signal.action == .enter && candle.closeTime > opening && first == nil {
                    first = candle.closeTime
                }
            }
            let entry = try #require(first, "seed \(seed), opened at \(opening): no entry within ten minutes")
            waits.append((entry - opening).nanoseconds / 1_000_000_000)
        }
        print("seed \(seed): the first entry came after \(waits) seconds")
    }

    /// The minutes of an hour before the opening and of ten minutes after it, built as market-data builds them.
    private func candles(_ symbol: Symbol, seed: UInt64, perSecond: Int, opening: Timestamp) -> [Candle] {
        let start = Timeframe.minute1.open(containing: opening - .minutes(60))
        var source = GeneratedSource(
            MarketSpecification(symbol), seed: seed, tradesPerHour: perSecond * 3600, start: start)
        var builder = CandleBuilder(symbol: symbol)
        var changes = CandleChanges()
        builder.start(at: start, after: nil)
        while let item = source.next(), item.time < opening + .minutes(10) {
            if case .trade(let print, _) = item.body { builder.add(print, into: &changes) }
        }
        return changes.candles.filter { $0.timeframe == .minute1 }
    }
}
