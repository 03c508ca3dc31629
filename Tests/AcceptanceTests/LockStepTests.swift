import Domain
import Foundation
import TestKit
import Testing

/// The running suite and `plimsoll backtest` over the same bars make the same fills and trades, to the last digit.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct LockStepTests {
    private static let bitcoin = Repository.recordings?.appending(path: "market/binance-spot-2021/BTCUSDT-1m.csv.gz")

    @Test(.enabled(if: bitcoin != nil, "there are no recordings beside this checkout"))
    func aRecordedDayTradesTheSameInBoth() async throws {
        let file = try #require(Self.bitcoin)
        let text = try await Command.require("gzip", ["-dc", file.path])
        // From 2021-04-27 17:26 UTC: entries, stops, targets and exits, and no minute without a trade.
        let lines = text.split(separator: "\n").dropFirst().drop { !$0.hasPrefix("1619544360000,") }.prefix(1000)
        let market = try #require(Symbol("BTCUSDT"))
        let bars = try lines.map { try LockStep.bar($0, market) }
        try #require(bars.count == 1000)
        try await compare([bars])
    }

    @Test func aMadeUpMarketTradesTheSameInBoth() async throws {
        let market = try #require(Symbol("ETHUSDT"))
        try await compare([Self.madeUp(market, seed: 20_210_427, count: 400)])
    }

    /// Several markets share one account: what is decided of one depends on the others. No limit on losses is reached: live it
    /// is looked at up to a second late, so that which of two signals comes first is not for a test to say.
    @Test func threeMarketsOfOneAccountTradeTheSameInBoth() async throws {
        let names = ["ADAUSDT", "BTCUSDT", "ETHUSDT"]
        let series = try names.enumerated().map { index, name in
            Self.madeUp(try #require(Symbol(name)), seed: 7 + UInt64(index), count: 300)
        }
        try await compare(series)
    }

    private func compare(_ series: [[Candle]]) async throws {
        let servers = try await TestServers.own()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await run(series, servers))
        } catch { outcome = .failure(error) }
        try await servers.down()
        try outcome.get()
    }

    private func run(_ series: [[Candle]], _ servers: TestServers) async throws {
        let suite = try await LockStep(series, dailyLoss: "0.5", on: servers)
        do {
            try await suite.play()
            let live = try await suite.results()
            let replayed = try await suite.backtest()
            #expect(live.signals == replayed.signals)
            Self.expectSame(live.fills, replayed.fills, "fill")
            Self.expectSame(live.trades, replayed.trades, "trade")
            Self.expectSame(live.decisions, replayed.decisions, "decision")
            #expect(live.breaches == replayed.breaches)
            // A comparison of nothing with nothing proves nothing.
            let reasons = Set(live.fills.compactMap { $0.split(separator: ",").dropFirst(6).first })
            #expect(reasons == ["entry", "exit", "stop_loss", "take_profit"])
            #expect(live.trades.count >= 5)
        } catch {
            print("the logs are in \(suite.folder.path)")
            throw error
        }
        await suite.stop()
    }

    private static func expectSame(_ live: [String], _ replayed: [String], _ what: String) {
        #expect(live.count == replayed.count, "\(what)s of the suite and of the backtest")
        for (index, (one, other)) in zip(live, replayed).enumerated() where one != other {
            Issue.record("\(what) \(index + 1)\nsuite    \(one)\nbacktest \(other)")
            return
        }
    }

    /// Bars of a price that wanders, and leaps now and then; the same for the same seed.
    private static func madeUp(_ symbol: Symbol, seed: UInt64, count: Int) -> [Candle] {
        var random = SeededRandom(seed: seed)
        var price: Int64 = 250_000
        func cents(_ value: Int64) -> Price { Price(raw: value * 1_000_000) }
        return (0..<count).map { minute in
            let open = price + Int64.random(in: -20...20, using: &random)
            let leap: Int64 = [-1500, 1500, 0, 0, 0, 0, 0, 0, 0, 0].randomElement(using: &random) ?? 0
            let close = open + leap + Int64.random(in: -300...300, using: &random)
            let high = max(open, close) + Int64.random(in: 0...150, using: &random)
            let low = min(open, close) - Int64.random(in: 0...150, using: &random)
            price = close
            return Candle(
                symbol: symbol, timeframe: .minute1,
                openTime: Timestamp(milliseconds: 1_700_000_040_000) + .minutes(Int64(minute)), open: cents(open),
                high: cents(high), low: cents(low), close: cents(close),
                volume: Quantity(raw: Int64.random(in: 1...500, using: &random) * 10_000_000), tradeCount: 0,
                isFinal: true)
        }
    }
}
