import Domain
import TestKit
import Testing

@Suite("Bar prints")
struct BarPrintsTests {
    private func bar(_ random: inout SeededRandom, volume: ClosedRange<Int64>) throws -> Candle {
        let symbol = try #require(Symbol("BTCUSDT"))
        let low = Int64.random(in: 1...1_000_000, using: &random)
        let high = Int64.random(in: low...(low + 50_000), using: &random)
        let timeframe = try #require(Timeframe.allCases.randomElement(using: &random))
        let time = Timestamp(seconds: Int64.random(in: 0...1_700_000_000, using: &random))
        return Candle(
            symbol: symbol, timeframe: timeframe, openTime: timeframe.open(containing: time),
            open: Price(raw: .random(in: low...high, using: &random)), high: Price(raw: high), low: Price(raw: low),
            close: Price(raw: .random(in: low...high, using: &random)),
            volume: Quantity(raw: .random(in: volume, using: &random)), tradeCount: 9, isFinal: true)
    }

    @Test("Open, high, low, close and volume of the prints are the bar's", arguments: 1...20 as ClosedRange<UInt64>)
    func figuresAreKept(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let bar = try bar(&random, volume: 1...5_000_000_000_000)
            let prints = BarPrints(bar, firstID: 100)
            #expect(prints.count == 4, "seed \(seed)")
            #expect(prints.first?.price == bar.open, "seed \(seed)")
            #expect(prints.last?.price == bar.close, "seed \(seed)")
            #expect(prints.map(\.price).max() == bar.high, "seed \(seed)")
            #expect(prints.map(\.price).min() == bar.low, "seed \(seed)")
            #expect(prints.reduce(Quantity.zero) { $0 + $1.quantity } == bar.volume, "seed \(seed)")
            #expect(prints.map(\.id) == [100, 101, 102, 103], "seed \(seed)")
            #expect(prints.map(\.time) == prints.map(\.time).sorted(), "seed \(seed)")
            #expect(prints.allSatisfy { $0.time > bar.openTime && $0.time < bar.closeTime }, "seed \(seed)")
        }
    }

    @Test("A bar without volume has no prints")
    func emptyBar() throws {
        var random = SeededRandom(seed: 7)
        #expect(BarPrints(try bar(&random, volume: 0...0)).isEmpty)
    }

    @Test("The extreme nearer to the open's side comes first")
    func orderOfExtremes() throws {
        let symbol = try #require(Symbol("BTCUSDT"))
        func prices(open: Int64, close: Int64) -> [Int64] {
            BarPrints(
                Candle(
                    symbol: symbol, timeframe: .minute1, openTime: .zero, open: Price(raw: open), high: Price(raw: 9),
                    low: Price(raw: 1), close: Price(raw: close), volume: Quantity(raw: 8), tradeCount: 4,
                    isFinal: true)
            ).map(\.price.raw)
        }
        #expect(prices(open: 3, close: 5) == [3, 1, 9, 5])
        #expect(prices(open: 5, close: 3) == [5, 9, 1, 3])
    }
}
