import Backtest
import Domain
import Foundation
import StrategyCore
import TestKit
import Testing

@Suite("The backtest")
struct BacktestTests {
    private func text(_ run: Backtest) -> String {
        ResultFiles.trades(run.books.trades) + ResultFiles.equity(run.curve.points) + ResultFiles.summary(run.figures)
            + ResultFiles.decisions(run) + EquityPicture.draw(run.curve.points, title: "a & b")
    }

    @Test("two runs give the same bytes, whatever the order the bars of a moment come in", arguments: [1, 2])
    func sameBytes(seed: UInt64) throws {
        let bars = walk(3000, seed: seed) + walk(3000, seed: seed + 50, symbol: .eth)
        let setup = try BacktestSetup.momentum([.btc, .eth])
        let first = try Backtest.run(setup, bars)
        let second = try Backtest.run(setup, bars.reversed())
        #expect(first.books.trades.count > 50)
        #expect(text(first) == text(second))
    }

    @Test("money is conserved at every fill, recomputed from the fills alone", arguments: [3, 4])
    func conserved(seed: UInt64) throws {
        let run = try Backtest.run(
            try .momentum([.btc, .eth]), walk(4000, seed: seed) + walk(4000, seed: 9, symbol: .eth))
        #expect(run.books.fills.count > 100)
        var ledger = Ledger()
        ledger.deposit(run.setup.deposit)
        for fill in run.books.fills {
            try ledger.book(fill)
            #expect(ledger.imbalance == .zero)
        }
        #expect(ledger.cash == run.books.ledger.cash)
        let realised = run.books.trades.reduce(Money.zero) { $0 + $1.realised }
        let open = ledger.positions.values.contains { $0.quantity.isPositive }
        if !open { #expect(realised == ledger.realised) }
    }

    @Test("cutting the data short changes no earlier signal, fill or trade")
    func truncated() throws {
        let bars = walk(1500, seed: 5)
        let all = try Backtest.run(try .momentum(), bars)
        for count in stride(from: 50, to: 1500, by: 173) {
            let cut = try Backtest.run(try .momentum(), Array(bars.prefix(count)))
            let end = bars[count - 1].closeTime
            #expect(cut.signals == all.signals.filter { $0.candleClose < end })
            #expect(cut.books.fills == all.books.fills.filter { $0.time < end })
            #expect(cut.books.trades == all.books.trades.filter { $0.closedAt < end })
            #expect(cut.curve.points == Array(all.curve.points.prefix(count)))
        }
    }

    @Test("the signals are those of the strategy alone over the same candles")
    func sameSignals() throws {
        let bars = walk(2000, seed: 6)
        let run = try Backtest.run(try .momentum(), bars)
        var runner = StrategyRunner(run.setup.instances)
        let signals = bars.dropLast().flatMap { runner.take($0) }.compactMap { outcome in
            if case .signal(let signal) = outcome { signal } else { nil }
        }
        #expect(run.signals == signals)
    }

    @Test("coarser candles are folded from the bars: five minutes decide as the recorded five minutes would")
    func folded() throws {
        let bars = walk(5000, seed: 7)
        let run = try Backtest.run(try .momentum(timeframe: .minute5), bars)
        #expect(run.signals.count > 50)
        #expect(run.signals.allSatisfy { $0.candleClose.nanoseconds % 300_000_000_000 == 0 })
    }

    @Test("a hole in the data empties the windows, and nothing is decided in it")
    func hole() throws {
        var bars = walk(600, seed: 8)
        bars.removeSubrange(300..<360)
        let run = try Backtest.run(try .momentum(), bars)
        let window = bars[299].closeTime..<(bars[300].openTime + .minutes(15))
        #expect(run.signals.allSatisfy { !window.contains($0.candleClose) || $0.candleClose == bars[299].closeTime })
    }

    @Test(
        "the trades of a recorded month are the ones pinned here",
        .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
    func pinned() throws {
        let folder = try #require(Repository.recordings)
        let data = try Data(contentsOf: folder.appending(path: "market/binance-spot-2021/BTCUSDT-1m.csv.gz"))
        let bars = try BarFile.parse(try Gunzip.unpack([UInt8](data)), symbol: .btc)
        let run = try Backtest.run(try .momentum(), Array(bars.prefix(10_000)))
        #expect(run.books.trades.count == 712)
        #expect(DerivedID.make("trades", ResultFiles.trades(run.books.trades)) == "trades-chq0pqv7ubadgg7y8fuxf3g1t")
    }
}

@Suite("Figures of a run")
struct RunFiguresTests {
    @Test("drawdown is measured from the peak, open profit included, and Sharpe by days")
    func figures() {
        func money(_ value: Int64) -> Money { Money(raw: Int128(value) * Int128(unit)) }
        var curve = EquityCurve(money(100))
        let day = Timestamp.Span.days(1)
        for (index, value) in [110, 99, 120, 108].enumerated() {
            curve.mark(money(Int64(value)))
            curve.record(
                Timestamp.zero + .days(Int64(index + 1)), cash: money(Int64(value)), equity: money(Int64(value)))
        }
        curve.mark(money(96))
        let figures = RunFigures(
            curve: curve, start: money(100), end: money(108), fees: .zero, trades: [], held: day, span: .days(4))
        #expect(figures.maximumDrawdown.description == "0.2")
        #expect(figures.maximumDrawdownLoss.description == "24")
        #expect(figures.netReturn.description == "0.08")
        #expect(figures.exposureTime.description == "0.25")
        // Daily returns -0.1, 0.2121…, -0.1: mean 0.00404, deviation 0.18020, × √365.
        #expect(abs((figures.sharpe ?? 0) - 0.428316) < 1e-4)
        #expect(figures.winRate == nil && figures.profitFactor == nil)
    }
}

@Suite("Files of bars")
struct BarFileTests {
    @Test("gzip of every kind of block is unpacked, damage and lies are refused")
    func gzip() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gunzip-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var random = SeededRandom(seed: 1)
        let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let words = Array(String(repeating: "timestamp,open,high,low,close,volume\n", count: 5000).utf8)
        for (index, content) in [noise, words, [], [65]].enumerated() {
            let file = folder.appending(path: "\(index)")
            try Data(content).write(to: file)
            try await Command.require("gzip", ["-k", file.path])
            let packed = [UInt8](try Data(contentsOf: file.appendingPathExtension("gz")))
            #expect(try Gunzip.unpack(packed) == content)
            #expect(try Gunzip.unpack(packed + packed) == content + content)
            #expect(throws: GunzipError.self) { try Gunzip.unpack(Array(packed.dropLast(3))) }
            #expect(throws: GunzipError.wrongChecksum) {
                var wrong = packed
                wrong[wrong.count - 6] ^= 1
                return try Gunzip.unpack(wrong)
            }
        }
        #expect(throws: GunzipError.notGzip) { try Gunzip.unpack(Array("PK text".utf8)) }
    }

    @Test("bytes at random never crash the unpacking")
    func hostile() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<3000 {
            let body = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            _ = try? Gunzip.unpack([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + body, limit: 1 << 20)
        }
    }

    @Test("both ways of writing a time are read, the timeframe is the distance of the bars")
    func formats() throws {
        let dates =
            "date,open,high,low,close,volume\n2023-12-31 00:00:00+00:00,0.601,0.6053,0.5997,0.6038,3104894.4\n"
            + "2023-12-31 01:00:00+00:00,0.6039,0.6058,0.601,0.601,2339745.9\n"
        let bars = try BarFile.parse(Array(dates.utf8), symbol: .btc)
        #expect(bars.map(\.timeframe) == [.hour1, .hour1])
        #expect(bars[0].openTime.description == "2023-12-31T00:00:00.000Z")
        #expect(bars[1].close.description == "0.601")
    }

    @Test("a file that cannot be right says where it is wrong")
    func faults() {
        let head = "timestamp,open,high,low,close,volume\n"
        func error(_ text: String) -> BarFileError? {
            do throws(BarFileError) { _ = try BarFile.parse(Array(text.utf8), symbol: .btc) } catch { return error }
            return nil
        }
        #expect(error("a,b\n") == .unknownColumns("a,b"))
        #expect(error(head + "60000,1,1,1,1,1\n") == .tooShort)
        #expect(error(head + "60000,1,1,2,1,1\n") == .impossibleBar(line: 2))
        #expect(error(head + "60000,1,1,1,1,1\n60000,1,1,1,1,1\n") == .outOfOrder(line: 3))
        #expect(error(head + "60000,1,1,1,1,1\n67000,1,1,1,1,1\n") == .unknownTimeframe(seconds: 7))
        #expect(error(head + "61000,1,1,1,1,1\n121000,1,1,1,1,1\n") == .offGrid(line: 2))
        #expect(error(head + "x,1,1,1,1,1\n") == .malformedLine(line: 2, "\"x\" is no time"))
        #expect(error(head + "1,NaN,1,1,1,1\n") != nil)
    }
}
