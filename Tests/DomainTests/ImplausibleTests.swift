import Domain
import TestKit
import Testing

@Suite("What cannot be true is told from what can")
struct ImplausibleTests {
    private let market = Symbol("BTCUSDT").unsafelyUnwrapped
    private let clock = Timestamp(seconds: 1_700_000_000)
    private static let extremes: [Int64] = [
        .min, .min + 1, -1_000_000_000, -1, 0, 1, 1_000_000_000, .max / 2, .max - 1, .max,
    ]

    private func print(_ id: Int64, _ price: Int64, _ time: Timestamp) -> Print {
        Print(
            id: id, symbol: market, price: Price(raw: price), quantity: Quantity(raw: 1), aggressor: .buy, time: time)
    }

    @Test("a time is believed up to a minute ahead and eight days back")
    func times() {
        let newest = clock - .minutes(10)
        for (time, reason) in [
            (clock + .minutes(1), nil), (clock + .minutes(1) + .milliseconds(1), Implausible.future),
            (newest - .days(8), nil), (newest - .days(8) - .milliseconds(1), .past),
            (Timestamp(nanoseconds: .max), .future), (Timestamp(nanoseconds: .min), .past),
        ] { #expect(Implausible.time(time, clock: clock, newest: newest) == reason, "\(time.nanoseconds)") }
        #expect(Implausible.time(.zero, clock: clock, newest: .zero) == nil, "an exchange that replays the past")
        #expect(
            Implausible.time(clock + .days(2), clock: clock, newest: clock + .days(2) - .seconds(30)) == nil,
            "an exchange ahead of us goes on")
    }

    @Test("whatever stands among prints, the true ones are believed and nothing is beyond the limits")
    func prints() {
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            var newest = clock - .seconds(5)
            for number in 0..<50 {
                let good = print(Int64(number), 1, newest + .milliseconds(Int64.random(in: 0...500, using: &random)))
                let bad = (0..<3).map { _ in
                    print(
                        Self.extremes.randomElement(using: &random) ?? 0,
                        Self.extremes.randomElement(using: &random) ?? 0,
                        Timestamp(
                            nanoseconds: Bool.random(using: &random)
                                ? Self.extremes.randomElement(using: &random) ?? 0
                                : .random(in: .min ... .max, using: &random)))
                }
                let sifted = Implausible.sift(
                    (bad + [good]).shuffled(using: &random), of: market, clock: clock, newest: newest)
                #expect(sifted.believed.contains(good), "seed \(seed)")
                #expect(sifted.believed.count + sifted.refused.count == 4, "seed \(seed)")
                for one in sifted.believed {
                    #expect(one.id >= 0 && one.price.isPositive, "seed \(seed)")
                    #expect(one.time <= max(clock, newest) + .days(4), "seed \(seed)")
                }
                newest = max(newest, good.time)
            }
        }
    }

    @Test("signals, quotes and candles with numbers from the ends of the range are judged, not stumbled over")
    func others() {
        for time in Self.extremes {
            for number in Self.extremes {
                let price = Price(raw: number)
                let signal = Signal(
                    strategy: "s", symbol: market, timeframe: .minute1, candleClose: Timestamp(nanoseconds: time),
                    action: .enter, price: price, stop: price, target: nil, confidence: .one, reasons: [])
                #expect((signal.implausible(clock: clock, newest: clock) == nil) == false)
                let quote = Quote(
                    symbol: market, bid: price, bidQuantity: .zero, ask: Price(raw: .max), askQuantity: .zero,
                    time: Timestamp(nanoseconds: time))
                #expect(quote.implausible(in: market, clock: clock, newest: clock) != nil)
                for timeframe in Timeframe.allCases {
                    let candle = Candle(
                        symbol: market, timeframe: timeframe, openTime: Timestamp(nanoseconds: time), open: price,
                        high: price, low: price, close: price, volume: .zero, tradeCount: number, isFinal: true)
                    #expect(candle.implausible(clock: clock, newest: clock) != nil)
                }
            }
        }
    }

    @Test("a share of an amount at the end of the range stays in it")
    func shares() {
        for amount in [Int128.min, .min + 1, .max, .max - 1] {
            for (part, whole) in [(Int64.max - 1, Int64.max), (.max, 1), (1, 3), (.min, 7)] {
                let share = Money(raw: amount).share(Quantity(raw: part), of: Quantity(raw: whole))
                if part > 0, part <= whole { #expect(share.raw.magnitude <= amount.magnitude) }
            }
        }
        #expect(Money(raw: 1 << 100).share(Quantity(raw: 1 << 61), of: Quantity(raw: 1 << 62)) == Money(raw: 1 << 99))
    }
}
