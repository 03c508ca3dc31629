import Domain
import MarketDataCore
import TestKit
import Testing

@testable import ExchangeSim

@Suite struct CandlePropertyTests {
    let symbol: Symbol

    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
    func `duplicates, reordering, losses and disconnects with refill give the candles of the clean run`(
        seed: UInt64
    ) throws {
        var random = SeededRandom(seed: seed)
        let prints = randomPrints(4000, symbol: symbol, random: &random)
        let clean = cleanRun(prints)
        var bench = FeedBench(prints, symbol: symbol)
        bench.start()
        disturb(&bench, &random)
        #expect(bench.finals == clean.finals, "seed \(seed)")
        #expect(bench.gaps == clean.gaps, "seed \(seed)")
        #expect(bench.published == prints, "seed \(seed)")
        #expect(bench.feed.candles.formingCandles == clean.feed.candles.formingCandles, "seed \(seed)")
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `of a generated market nothing but repeats is refused, whatever the connection does`(seed: UInt64) {
        // Over the end of an hour, where the generator begins anew.
        let start = Timestamp(seconds: 1_795_262_400 - 300)
        var source = GeneratedSource(MarketSpecification(symbol), seed: seed, tradesPerHour: 36_000, start: start)
        var prints: [Print] = []
        while let item = source.next(), item.time < start + .minutes(10) {
            if case .trade(let print, _) = item.body { prints.append(print) }
        }
        #expect(prints.count > 2000, "seed \(seed)")
        #expect(zip(prints.dropFirst(), prints).allSatisfy { $0.id == $1.id + 1 && $0.time >= $1.time }, "seed \(seed)")
        var random = SeededRandom(seed: seed)
        var bench = FeedBench(prints, symbol: symbol)
        bench.start()
        disturb(&bench, &random)
        #expect(bench.refused.allSatisfy { $0.reason == .duplicate }, "seed \(seed)")
        #expect(bench.published == prints, "seed \(seed)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the clean run equals a calculation straight from the prints`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let prints = randomPrints(6000, symbol: symbol, random: &random)
        let clean = cleanRun(prints)
        for timeframe in Timeframe.allCases {
            let expected = plainCandles(prints, timeframe)
            let mine = (clean.finals + clean.feed.candles.formingCandles).filter { $0.timeframe == timeframe }
            #expect(mine.count == expected.count, "seed \(seed) \(timeframe.rawValue)")
            for candle in mine { #expect(candle.plain == expected[candle.openTime], "seed \(seed) \(candle)") }
            let times = mine.map(\.openTime)
            #expect(times == times.sorted(), "seed \(seed)")
        }
    }

    private func cleanRun(_ prints: [Print]) -> FeedBench {
        var bench = FeedBench(prints, symbol: symbol)
        bench.start()
        for (index, print) in prints.enumerated() {
            bench.head = index + 1
            bench.receive(print)
            bench.answerAll()
        }
        return bench
    }

    /// Sends the history through everything that a connection can do to it.
    private func disturb(_ bench: inout FeedBench, _ random: inout SeededRandom) {
        var late: [Print] = []
        var silentUntil = 0
        let history = bench.history
        for (index, print) in history.enumerated() {
            bench.head = index + 1
            if index == silentUntil, index > 0 { reconnect(&bench) }
            let draw = Int.random(in: 0..<1000, using: &random)
            if index < silentUntil {
                continue
            } else if draw < 4 {
                silentUntil = index + Int.random(in: 1...300, using: &random)
                bench.act { $0.disconnected("test", at: $1, into: &$2) }
                late = []
            } else if draw < 12 {
                continue
            } else if draw < 200 {
                late.append(print)
            } else {
                bench.receive(print)
                if draw < 300 { bench.receive(history[Int.random(in: 0...index, using: &random)]) }
            }
            if late.count > 8 || draw > 900 { release(&late, to: &bench, &random) }
            bench.pass(milliseconds: Int64.random(in: 0...40, using: &random))
            if Bool.random(using: &random) { bench.answerAll() }
        }
        reconnect(&bench)
        release(&late, to: &bench, &random)
        for _ in 0..<20 {
            bench.pass(milliseconds: 500)
            bench.answerAll()
        }
    }

    private func reconnect(_ bench: inout FeedBench) {
        bench.act { $0.connected(at: $1, into: &$2) }
    }

    private func release(_ late: inout [Print], to bench: inout FeedBench, _ random: inout SeededRandom) {
        late.shuffle(using: &random)
        for print in late { bench.receive(print) }
        late = []
    }
}
