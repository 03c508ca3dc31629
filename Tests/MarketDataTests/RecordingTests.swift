import Domain
import Foundation
import MarketDataCore
import TestKit
import Testing

/// The recordings of April and May 2021, bar by bar through prints, and the ticks of August 2024.
@Suite(.enabled(if: Repository.recordings != nil, "the recordings are not beside this checkout"))
struct RecordingTests {
    /// The five-minute slots in which the exchange's own 1m series holds less than its 5m series, as MANIFEST.md says.
    static func isFaulty(_ time: Timestamp) -> Bool {
        let first = Timestamp(seconds: 1_619_057_400)...Timestamp(seconds: 1_619_058_000)
        let second = Timestamp(seconds: 1_619_142_000)...Timestamp(seconds: 1_619_145_900)
        return first.contains(time) || second.contains(time)
    }

    @Test func `five minutes from the recorded minutes equal the recorded five minutes, the halt is a gap`() throws {
        let folder = try #require(Repository.recordings).appending(path: "market/binance-spot-2021")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix("-1m.csv.gz")
        }
        #expect(!files.isEmpty)
        for file in files.sorted() { try check(file, in: folder) }
    }

    private func check(_ file: String, in folder: URL) throws {
        let name = String(file.prefix { $0 != "-" })
        let symbol = try #require(Symbol(name))
        let minutes = try Recording.bars(folder.appending(path: file), symbol: symbol, timeframe: .minute1)
        let five = try Recording.bars(
            folder.appending(path: "\(name)-5m.csv.gz"), symbol: symbol, timeframe: .minute5)
        var bench = FeedBench(prints(of: minutes), symbol: symbol)
        for bar in minutes where bar.volume.isZero { bench.quietMinutes[bar.openTime] = bar }
        bench.start()
        for (index, print) in bench.history.enumerated() {
            bench.head = index + 1
            bench.receive(print)
            bench.answerAll()
        }
        try expectHalt(bench.gaps, minutes)
        try compare(bench.finals, with: five, symbol)
    }

    /// The halt of 2021-04-25 is the only stretch without bars, from 04:01 or 04:02 to 08:45 UTC, as the file says.
    private func expectHalt(_ gaps: [CandleGap], _ minutes: [Candle]) throws {
        let holes = zip(minutes, minutes.dropFirst()).filter { $0.closeTime < $1.openTime }
        let halt = try #require(holes.first)
        #expect(holes.count == 1)
        #expect(halt.1.openTime == Timestamp(seconds: 1_619_340_300))
        #expect(gaps == [CandleGap(symbol: halt.0.symbol, from: halt.0.closeTime, to: halt.1.openTime)])
    }

    private func compare(_ finals: [Candle], with five: [Candle], _ symbol: Symbol) throws {
        var mine: [Timestamp: Candle] = [:]
        for candle in finals where candle.timeframe == .minute5 { mine[candle.openTime] = candle }
        let first = try #require(finals.first).openTime
        var compared = 0
        for bar in five where bar.openTime >= first && !Self.isFaulty(bar.openTime) {
            guard let candle = mine[bar.openTime] else {
                #expect(bar.openTime >= (finals.last?.openTime ?? .zero) - .minutes(10), "\(symbol) \(bar.openTime)")
                continue
            }
            #expect(
                [candle.open, candle.high, candle.low, candle.close] == [bar.open, bar.high, bar.low, bar.close],
                "\(symbol) \(bar.openTime)")
            #expect(candle.volume == bar.volume, "\(symbol) \(bar.openTime)")
            compared += 1
        }
        #expect(compared > 6000)
    }

    private func prints(of bars: [Candle]) -> [Print] {
        var prints: [Print] = []
        prints.reserveCapacity(bars.count * 4)
        for bar in bars { prints.append(contentsOf: BarPrints(bar, firstID: Int64(prints.count) + 1)) }
        return prints
    }

    @Test(arguments: ["BTCUSDT-spot", "ETHUSDT-spot", "BTCUSDT-usdm"])
    func `recorded ticks give the candles of a plain calculation`(name: String) throws {
        let file = try #require(Repository.recordings).appending(
            path: "market/binance-ticks-2024/\(name)-trade.csv.gz")
        let symbol = try #require(Symbol(String(name.prefix { $0 != "-" })))
        let ticks = try Recording.trades(file, symbol: symbol)
        var bench = FeedBench(ticks, symbol: symbol)
        bench.start()
        for (index, print) in ticks.enumerated() {
            bench.head = index + 1
            bench.receive(print)
        }
        #expect(bench.refused.map(\.reason) == [.duplicate], "the first print was listed before it was received")
        #expect(bench.published == ticks)
        for timeframe in Timeframe.allCases {
            let expected = plainCandles(ticks, timeframe)
            let mine = (bench.finals + bench.feed.candles.formingCandles).filter { $0.timeframe == timeframe }
            #expect(mine.count == expected.count)
            for candle in mine { #expect(candle.plain == expected[candle.openTime]) }
        }
    }
}
