import Domain
import Indicators
import TestKit
import Testing

/// A made-up market of 200 bars; the expected figures are TA-Lib 0.8.2's on the same bars.
private struct Market {
    var closes: [Double] = []
    var highs: [Double] = []
    var lows: [Double] = []

    init() {
        var state = 20_261_121
        func draw(_ bound: Int) -> Int {
            state = (state * 1_103_515_245 + 12345) % (1 << 31)
            return (state >> 16) % bound
        }
        var price = 10000
        for _ in 0..<200 {
            price += draw(201) - 100
            closes.append(Double(price) / 100)
            highs.append(Double(price + draw(80)) / 100)
            lows.append(Double(price - draw(80)) / 100)
        }
    }
}

private func agrees(_ values: [Double?], _ expected: [Int: Double], first: Int) -> Bool {
    values.firstIndex { $0 != nil } == first
        && expected.allSatisfy { index, value in abs((values[index] ?? .nan) - value) < 1e-8 }
}

@Suite("Indicators")
struct IndicatorTests {
    private let market = Market()

    @Test("the exponential average agrees with TA-Lib")
    func exponential() {
        var average = ExponentialAverage(length: 14)
        let values = market.closes.map { average.next($0) }
        let expected = [
            13: 99.52857142857144, 14: 99.39409523809525, 20: 98.3424225204583, 120: 81.48923127370482,
            199: 81.44450070942781,
        ]
        #expect(agrees(values, expected, first: 13))
    }

    @Test("the relative strength index agrees with TA-Lib")
    func relativeStrength() {
        var index = RelativeStrength(length: 14)
        let values = market.closes.map { index.next($0) }
        let expected = [
            14: 39.520958083832305, 15: 38.04878048780488, 50: 21.938461865371558, 120: 33.79348838046341,
            199: 57.6284278026875,
        ]
        #expect(agrees(values, expected, first: 14))
    }

    @Test("a market that never moves has no strength either way")
    func stillMarket() {
        var index = RelativeStrength(length: 2)
        #expect([5.0, 5, 5].map { index.next($0) } == [nil, nil, 0])
    }

    @Test("Wilder's average true range agrees with TA-Lib")
    func averageTrueRange() {
        var average = AverageTrueRange(length: 14)
        let values = market.closes.indices.map {
            average.next(high: market.highs[$0], low: market.lows[$0], close: market.closes[$0])
        }
        let expected = [
            14: 1.1750000000000023, 15: 1.1575000000000015, 50: 1.0005379772964569, 120: 1.0847367371966503,
            199: 0.9899378318762948,
        ]
        #expect(agrees(values, expected, first: 14))
    }

    @Test("Bollinger's bands agree with TA-Lib")
    func bollinger() {
        var bands = BollingerBands(length: 20, width: 2)
        let readings = market.closes.map { bands.next($0) }
        #expect(
            agrees(
                readings.map { $0?.upper },
                [19: 100.87317834873106, 50: 93.9212081377955, 199: 82.7741185230007], first: 19))
        #expect(
            agrees(
                readings.map { $0?.middle },
                [19: 99.0375, 50: 90.82699999999998, 199: 81.03600000000003], first: 19))
        #expect(
            agrees(
                readings.map { $0?.lower },
                [19: 97.20182165126893, 50: 87.73279186220446, 199: 79.29788147699936], first: 19))
    }

    @Test("a sum that is carried on equals the sum taken afresh, at the ends of the range too")
    func rollingSum() {
        var random = SeededRandom(seed: 7)
        for length in [1, 2, 3, 17] {
            var sum = RollingSum(length: length)
            var seen: [Int64] = []
            for step in 0..<200 {
                let value = step % 5 == 0 ? Int64.max : Int64.random(in: .min ... .max, using: &random)
                seen.append(value)
                sum.push(value)
                #expect(sum.sum == seen.suffix(length).reduce(Int128(0)) { $0 + Int128($1) })
                #expect(sum.isFull == (seen.count >= length))
                if step == 99 {
                    sum.reset()
                    seen = []
                    #expect(sum.sum == 0 && sum.count == 0)
                }
            }
        }
    }

    @Test("the true range takes the jump from the last close in")
    func trueRanges() {
        func range(_ high: Int64, _ low: Int64, _ close: Int64) -> Int64 {
            trueRange(high: Price(raw: high), low: Price(raw: low), previousClose: Price(raw: close)).raw
        }
        #expect(range(10, 8, 9) == 2)
        #expect(range(10, 8, 5) == 5)
        #expect(range(10, 8, 14) == 6)
    }
}
