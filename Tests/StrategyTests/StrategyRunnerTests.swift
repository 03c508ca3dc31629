import Domain
import StrategyCore
import TestKit
import Testing

/// Wants to enter at every close, and fails at one price.
private struct Fragile: Strategy {
    struct Broken: Error {}
    var window: Int { 1 }
    let poison: Price
    mutating func next(_ bar: Bar) throws -> Intent? {
        if bar.close == poison { throw Broken() }
        return .exit(confidence: .one, reasons: ["always"])
    }
    mutating func reset() {}
}

@Suite("Running strategies")
struct StrategyRunnerTests {
    @Test("a strategy that throws is stopped and reported once, the others and its other symbols go on")
    func isolation() throws {
        let fragile = StrategyInstance(
            id: "a", kind: .momentum, timeframe: .minute1, symbols: [.btc, .eth], parameters: [:],
            rule: Fragile(poison: Price(raw: 666 * 100_000_000)))
        var runner = StrategyRunner([try .momentum(["fast": "2", "slow": "3", "atr": "2"], id: "b"), fragile])
        var outcomes: [StrategyRunner.Outcome] = []
        for (index, close) in [100, 100, 100, 666, 900].enumerated() {
            outcomes += runner.take(Market.candle(index, close: Int64(close)))
        }
        let failures = outcomes.compactMap { if case .stopped(let failure) = $0 { failure } else { nil } }
        #expect(failures.map(\.strategy) == ["a"])
        #expect(failures.first?.candleClose == Market.start + .minutes(4))
        #expect(failures.first?.reason == "Broken()")
        let signals = outcomes.compactMap { if case .signal(let signal) = $0 { signal } else { nil } }
        #expect(signals.map(\.strategy) == ["a", "a", "a", "b"])
        #expect(runner.running(.btc, .minute1) == ["b"])
        #expect(runner.signals([Market.candle(5, close: 1, symbol: .eth)]).count == 1)
    }

    @Test("a forming candle and a market nobody trades decide nothing")
    func ignored() throws {
        var runner = StrategyRunner([try .momentum()])
        var candle = Market.candle(0, close: 100)
        candle.isFinal = false
        #expect(runner.take(candle).isEmpty)
        #expect(runner.newest("m", .btc, .minute1) == nil)
        #expect(runner.take(Market.candle(0, close: 100, symbol: .eth)).isEmpty)
    }

    @Test("the same closes give the same signals and ids, wherever the history starts", arguments: [1, 2, 3, 4, 5])
    func reevaluation(seed: UInt64) throws {
        let candles = Market.walk(3000, seed: seed)
        var runner = StrategyRunner([try .momentum()])
        let all = runner.signals(candles)
        #expect(all.count > 300)
        #expect(Set(all.map(\.id)).count == all.count)
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let from = Int.random(in: 15..<2900, using: &random)
            var restarted = StrategyRunner([try .momentum()])
            let window = 15
            let again = restarted.signals(candles[(from - window + 1)...])
            let after = candles[from].closeTime
            #expect(again.filter { $0.candleClose >= after } == all.filter { $0.candleClose >= after })
        }
    }

    @Test("cutting the data short never changes an earlier signal", arguments: [11, 12, 13])
    func truncation(seed: UInt64) throws {
        let candles = Market.walk(600, seed: seed)
        var whole = StrategyRunner([try .momentum()])
        let all = whole.signals(candles)
        for count in stride(from: 1, through: candles.count, by: 7) {
            var cut = StrategyRunner([try .momentum()])
            let last = candles[count - 1].closeTime
            #expect(cut.signals(candles.prefix(count)) == all.filter { $0.candleClose <= last })
        }
    }

    @Test("after a hole nothing is decided until the window is whole, and then as if it had begun there")
    func hole() throws {
        let candles = Market.walk(400, seed: 21)
        var holed = StrategyRunner([try .momentum()])
        _ = holed.signals(candles[..<200])
        let after = holed.signals(candles[203...])
        var fresh = StrategyRunner([try .momentum()])
        #expect(after == fresh.signals(candles[203...]))
        #expect(!after.isEmpty)
        #expect(after.allSatisfy { $0.candleClose >= candles[203 + 14].closeTime })
    }

    @Test("a correction changes what is decided from then on as a fresh start would, and nothing before")
    func correction() throws {
        let candles = Market.walk(400, seed: 22)
        var corrected = candles[195]
        corrected.close = Price(raw: corrected.close.raw * 9 / 10)
        corrected.low = corrected.close
        corrected.revision = 1
        var runner = StrategyRunner([try .momentum()])
        _ = runner.signals(candles[...199])
        #expect(runner.take(corrected).isEmpty)
        #expect(runner.take(candles[190]).isEmpty)
        #expect(runner.take(candles[3]).isEmpty)
        let after = runner.signals(candles[200...])
        var history = candles
        history[195] = corrected
        var fresh = StrategyRunner([try .momentum()])
        #expect(after == fresh.signals(history).filter { $0.candleClose > candles[199].closeTime })
    }

    @Test("a candle that comes late into the window completes it")
    func lateCandle() throws {
        let candles = Market.walk(100, seed: 23)
        var runner = StrategyRunner([try .momentum()])
        _ = runner.signals(candles[..<40])
        _ = runner.signals(candles[41..<46])
        #expect(runner.take(candles[40]).isEmpty)
        var fresh = StrategyRunner([try .momentum()])
        let expected = fresh.signals(candles).filter { $0.candleClose > candles[45].closeTime }
        #expect(runner.signals(candles[46...]) == expected)
    }

    @Test("a second delivery of a candle says nothing again")
    func repeats() throws {
        let candles = Market.walk(300, seed: 24)
        var once = StrategyRunner([try .momentum()])
        var twice = StrategyRunner([try .momentum()])
        #expect(once.signals(candles) == twice.signals(candles.flatMap { [$0, $0] }))
    }
}

@Suite("Recorded market")
struct RecordedMarketTests {
    @Test(
        "the signals over a recorded month are the ones pinned here",
        .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
    func pinned() async throws {
        let candles = try #require(try await Market.recorded("BTCUSDT-1m", symbol: .btc))
        var runner = StrategyRunner([try .momentum()])
        let signals = runner.signals(candles)
        let list = signals.map {
            "\($0.id) \($0.price) \($0.stop?.description ?? "-") \($0.target?.description ?? "-")"
        }
        #expect(DerivedID.make("signals", list.joined(separator: "\n")) == "signals-8dalbxq57vyc7cqlgrw0pc439")
        #expect(signals.count == 4340)
    }
}
