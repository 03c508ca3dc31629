import Domain
import Foundation
import TestKit
import Testing

@testable import ExchangeSim

@Suite("The generated market")
struct GeneratedMarketTests {
    private let start = Timestamp(seconds: 1_795_263_424)

    private func source(_ seed: UInt64, from: Timestamp, perSecond: Int = 1) throws -> GeneratedSource {
        GeneratedSource(
            MarketSpecification(try #require(Symbol("ETHUSDT"))), seed: seed, tradesPerHour: perSecond * 3600,
            start: from)
    }

    private func prints(_ source: GeneratedSource, _ count: Int) -> [Print] {
        var source = source
        var result: [Print] = []
        while result.count < count, let item = source.next() {
            if case .trade(let print, _) = item.body { result.append(print) }
        }
        return result
    }

    @Test("It is the same market whenever one begins to look", arguments: [1, 2, 77] as [UInt64])
    func sameFromAnyStart(seed: UInt64) throws {
        let early = prints(try source(seed, from: start - .minutes(200)), 30_000)
        let late = prints(try source(seed, from: start), 2000)
        let first = try #require(early.firstIndex { $0.time >= start })
        #expect(Array(early[first...].prefix(2000)) == late)
        let other = prints(try source(seed + 1, from: start), 10)
        #expect(other != Array(late.prefix(10)))
    }

    @Test(
        "Ids follow each other, time never goes back, prices and sizes keep the rules",
        arguments: 1...5 as ClosedRange<UInt64>)
    func wellFormed(seed: UInt64) throws {
        var source = try source(seed, from: start)
        let rules = try #require(source.instruments.first)
        var last: Print?
        for _ in 0..<20_000 {
            guard let item = source.next(), case .trade(let print, let quote) = item.body, let quote else {
                Issue.record("no print")
                return
            }
            if let last {
                #expect(print.id == last.id + 1, "seed \(seed)")
                #expect(print.time >= last.time, "seed \(seed)")
                #expect(print.price.distance(from: last.price) < Ratio(5, over: 100), "seed \(seed)")
            }
            #expect(print.price.isPositive && print.price.raw % rules.tickSize.raw == 0, "seed \(seed)")
            #expect(print.quantity.isPositive && print.quantity.raw % rules.lotSize.raw == 0, "seed \(seed)")
            #expect(quote.bid < quote.ask, "seed \(seed)")
            #expect(quote.bid <= print.price && print.price <= quote.ask, "seed \(seed)")
            last = print
        }
    }

    @Test("It moves as markets do: fat tails, clusters, no steady direction", arguments: [1, 2, 3] as [UInt64])
    func statistics(seed: UInt64) throws {
        var source = try source(seed, from: start)
        var closes: [Int64: Double] = [:]
        var counts: [Int64: Double] = [:]
        while let item = source.next(), item.time < start + .days(3) {
            guard case .trade(let print, _) = item.body else { continue }
            closes[print.time.nanoseconds / 60_000_000_000] = print.price.approximate
            counts[print.time.nanoseconds / 60_000_000_000, default: 0] += 1
        }
        let minutes = closes.keys.sorted()
        let levels = minutes.compactMap { closes[$0] }
        let moves = zip(levels.dropFirst(), levels).map { log($0 / $1) }
        let mean = moves.reduce(0, +) / Double(moves.count)
        let variance = moves.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(moves.count)
        let fourth = moves.map { pow($0 - mean, 4) }.reduce(0, +) / Double(moves.count)
        #expect(fourth / (variance * variance) > 4, "seed \(seed): kurtosis of a normal distribution is 3")
        #expect(abs(mean) < 3 * (variance / Double(moves.count)).squareRoot() + 0.000_02, "seed \(seed)")
        #expect(minutes.count > 3 * 24 * 60 * 95 / 100, "seed \(seed)")
        let busy = counts.values.sorted()
        #expect(busy[busy.count * 95 / 100] > 2 * busy[busy.count / 2], "seed \(seed)")
    }

    @Test("Klines equal the trades, over the seam between past and live")
    func klines() throws {
        let symbol = try #require(Symbol("ETHUSDT"))
        var settings = ExchangeSettings(mode: .generator([symbol]))
        settings.start = start
        settings.history = .minutes(90)
        settings.seed = 9
        var market = try PreparedMarket(settings, now: start)
        #expect(market.tapes[symbol]?.lastPrint.map { $0.time <= start } == true)
        while let item = market.feed.next(through: start + .minutes(45)) { market.tapes.take(item) }
        let tape = try #require(market.tapes[symbol])
        let trades = tape.trades
        #expect(zip(trades.dropFirst(), trades).allSatisfy { $0.id == $1.id + 1 })
        for timeframe in [Timeframe.minute1, .minute5, .hour1] {
            for bar in tape.klines(timeframe, from: nil, through: start + .minutes(45), limit: 1000) {
                let inside = trades.filter { timeframe.open(containing: $0.time) == bar.openTime }
                #expect(bar.open == inside.first?.price)
                #expect(bar.close == inside.last?.price)
                #expect(bar.high == inside.map(\.price).max())
                #expect(bar.low == inside.map(\.price).min())
                #expect(bar.volume == inside.reduce(0) { $0 + Int128($1.quantity.raw) })
                #expect(bar.tradeCount == Int64(inside.count))
            }
        }
    }
}

@Suite("The replayed market", .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
struct ReplayTests {
    private func path(_ name: String) throws -> String {
        try #require(Repository.recordings).appending(path: name).path
    }

    @Test("Recorded bars come out of the tape as they are in the file, holes and empty minutes too")
    func bars() throws {
        let file = try path("market/binance-spot-2021/BATUSDT-1m.csv.gz")
        let symbol = try #require(Symbol("BATUSDT"))
        var market = try PreparedMarket(ExchangeSettings(mode: .replay([file])), now: .zero)
        while let item = market.feed.next(through: Timestamp(nanoseconds: .max)) { market.tapes.take(item) }
        let bars = try #require(market.tapes[symbol]).bars
        let rows = String(decoding: try GzipFile.read(file), as: UTF8.self).split(separator: "\n").dropFirst()
        #expect(bars.count == rows.count)
        #expect(bars.count { $0.volume == 0 } == 3)
        for (bar, row) in zip(bars, rows) {
            let cells = row.split(separator: ",")
            #expect(String(bar.openTime.milliseconds) == cells[0])
            let figures = [bar.open, bar.high, bar.low, bar.close].map(\.raw) + [Int64(bar.volume)]
            #expect(figures == cells[1...5].compactMap { Double($0).map { Int64(($0 * 1e8).rounded()) } })
        }
    }

    @Test("Recorded frames and the table made of them tell of the same trades")
    func ticks() throws {
        let table = try path("market/binance-ticks-2024/BTCUSDT-spot-trade.csv.gz")
        let frames = ["20240808", "20240809"].map { "messages/binance/ws/spot-btcusdt-\($0).jsonl.gz" }
        var fromTable = try Recordings.source(table)
        var trades: [Print] = []
        while let item = fromTable.next() { if case .trade(let print, _) = item.body { trades.append(print) } }
        var fromFrames = MarketFeed(try frames.map { try Recordings.source(try path($0)) })
        var quotes = 0
        var index = 0
        while let item = fromFrames.next(through: Timestamp(nanoseconds: .max)) {
            switch item.body {
            case .trade(let print, _):
                #expect(print == trades[index])
                index += 1
            case .quote: quotes += 1
            case .emptyBar: Issue.record("a frame is no bar")
            }
        }
        #expect(index == trades.count && index > 19_000)
        #expect(quotes > 70_000)
    }
}
