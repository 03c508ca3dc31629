import Domain
import StrategyCore
import Testing

@Suite("Momentum")
struct MomentumTests {
    private let parameters = ["fast": "2", "slow": "3", "atr": "2", "stop_atr": "2", "target_atr": "3"]

    @Test(
        "it enters where the fast average crosses above the slow one, with the stop and target of the mean true range")
    func entry() throws {
        var runner = StrategyRunner([try .momentum(parameters)])
        // Means of 2 and 3 at the last two closes: 100 and 100, then 104 and 102.67.
        let signals = runner.signals([100, 100, 100, 100, 108].enumerated().map { Market.candle($0, close: $1) })
        let signal = try #require(signals.first)
        #expect(signals.count == 1)
        #expect(signal.action == .enter)
        #expect(signal.candleClose == Market.start + .minutes(5))
        #expect(signal.price.description == "108")
        // True ranges 0 and 8, mean 4: stop 8 below, target 12 above.
        #expect(signal.stop?.description == "100")
        #expect(signal.target?.description == "120")
        // The averages are 1.33 apart, a third of the mean true range: a half and a third of a half.
        #expect(signal.confidence.description == "0.66666666")
        #expect(
            signal.reasons == [
                "the mean of 2 closes, 104, crossed above the mean of 3, 102.66666666",
                "mean true range over 2 candles is 4",
                "stop 100 is 2 and target 120 is 3 of it from the close 108",
            ])
    }

    @Test("it leaves where the fast average crosses below, without stop and target")
    func exit() throws {
        var runner = StrategyRunner([try .momentum(parameters)])
        let signals = runner.signals([100, 100, 100, 100, 92].enumerated().map { Market.candle($0, close: $1) })
        let signal = try #require(signals.first)
        #expect(signals.count == 1)
        #expect(signal.action == .exit && signal.stop == nil && signal.target == nil)
        #expect(signal.reasons.first == "the mean of 2 closes, 96, crossed below the mean of 3, 97.33333333")
    }

    @Test("it says so once: no second signal while the averages stay crossed")
    func edge() throws {
        var runner = StrategyRunner([try .momentum(parameters)])
        let closes: [Int64] = [100, 100, 100, 100, 108, 116, 124, 132]
        #expect(runner.signals(closes.enumerated().map { Market.candle($0, close: $1) }).count == 1)
    }

    @Test("a stop at or below zero cannot protect: no entry")
    func impossibleStop() throws {
        var runner = StrategyRunner([try .momentum(parameters)])
        let candles = [1, 1, 1, 1].enumerated().map { Market.candle($0, close: $1) }
        #expect(runner.signals(candles + [Market.candle(4, close: 9, high: 40, low: 1)]).isEmpty)
    }

    @Test("one candle less than the window decides nothing, the window does")
    func window() throws {
        let rule = MomentumStrategy(try MomentumParameters(["fast": "2", "slow": "3", "atr": "9"]))
        #expect(rule.window == 10)
        var runner = StrategyRunner([try .momentum(["fast": "2", "slow": "3", "atr": "9"])])
        let early = (0..<8).map { Market.candle($0, close: 100) } + [Market.candle(8, close: 140)]
        #expect(runner.signals(early).isEmpty)
        var other = StrategyRunner([try .momentum(["fast": "2", "slow": "3", "atr": "9"])])
        let enough = (0..<9).map { Market.candle($0, close: 100) } + [Market.candle(9, close: 140)]
        #expect(other.signals(enough).count == 1)
    }

    @Test("every parameter that cannot be used is named at once, with what is allowed")
    func faults() {
        let error = #expect(throws: ParameterFaults.self) {
            try MomentumParameters(["fast": "9", "slow": "5", "atr": "0", "stop_atr": "two", "slwo": "8"])
        }
        #expect(
            error?.faults.map(\.description) == [
                "atr: \"0\", allowed is a whole number from 1 to 500",
                "fast: \"9\", allowed is less than slow, which is 5",
                "slwo: \"8\", allowed is one of atr, fast, slow, stop_atr, target_atr",
                "stop_atr: \"two\", allowed is a number from 0.1 to 50",
            ])
    }

    @Test("prices at the end of the range do not overflow")
    func extremes() throws {
        let longest = ["fast": "499", "slow": "500", "atr": "500", "stop_atr": "50", "target_atr": "50"]
        var rule = MomentumStrategy(try MomentumParameters(longest))
        for index in 0..<1200 {
            let high = index % 2 == 0
            let price = Price(raw: high ? .max : 1)
            _ = rule.next(
                Bar(
                    openTime: .zero, open: price, high: Price(raw: .max), low: Price(raw: 1), close: price,
                    volume: .zero))
        }
    }
}
