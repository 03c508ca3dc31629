import Domain
import StrategyCore
import Testing

@Suite("The strategy desk")
struct StrategyDeskTests {
    private let candles = Market.walk(600, seed: 31)
    private let market = StrategyCore.Market(symbol: .btc, timeframe: .minute1)

    private func expected(_ range: Range<Int>) throws -> [Signal] {
        var runner = StrategyRunner([try .momentum()])
        let after = candles[range.lowerBound].openTime
        return runner.signals(candles[..<range.upperBound]).filter { $0.candleClose > after }
    }

    @Test("a new instance begins with the first candle that comes live, whatever the table holds")
    func freshStart() throws {
        var desk = StrategyDesk([try .momentum()])
        #expect(desk.takeStored(Array(candles[..<300])).signals.isEmpty)
        var signals: [Signal] = []
        for candle in candles[300..<600] { signals += desk.takeLive(candle, clock: Market.start + .days(30)).signals }
        #expect(try signals == expected(300..<600))
        #expect(desk.progress.first?.lastClose == signals.first.map { $0.candleClose - .minutes(1) })
    }

    @Test("candles that cannot be true change nothing of what the true ones say")
    func hostile() throws {
        let candles = Market.walk(200, seed: 77)
        let clock = candles[199].closeTime
        let instances = [try StrategyInstance.momentum()]
        var (clean, tried) = (StrategyDesk(instances), StrategyDesk(instances))
        func bad(_ time: Int64, _ price: Int64 = 100) -> Candle {
            let price = Price(raw: price)
            return Candle(
                symbol: .btc, timeframe: .minute1, openTime: Timestamp(nanoseconds: time), open: price, high: price,
                low: price, close: price, volume: .zero, tradeCount: 0, isFinal: true)
        }
        for candle in candles {
            let next = candle.openTime.nanoseconds
            for one in [
                bad(.max), bad(.min), bad(-1), bad(next + 1), bad(next, -5), bad(next, .min),
                bad((clock + .days(365)).nanoseconds),
            ] {
                let outcome = tried.takeLive(one, clock: clock)
                #expect(outcome.refused != nil && outcome.signals.isEmpty && !outcome.needsTable)
            }
            let live = candle.openTime >= candles[60].openTime
            let wanted = live ? clean.takeLive(candle, clock: clock) : clean.takeStored([candle])
            let got = live ? tried.takeLive(candle, clock: clock) : tried.takeStored([candle])
            #expect(got.signals == wanted.signals && got.needsTable == wanted.needsTable)
        }
        #expect(tried.progress == clean.progress)
    }

    @Test("a candle that does not follow waits for the table, which says what is between")
    func hole() throws {
        var desk = StrategyDesk([try .momentum()])
        desk.restore("m", .btc, lastClose: candles[299].closeTime)
        let from = desk.start(of: market, last: candles[400].openTime)
        #expect(from == candles[299].closeTime - .minutes(16))
        var signals = desk.takeStored(candles[..<400].filter { $0.openTime >= from }).signals
        let outcome = desk.takeLive(candles[405], clock: Market.start + .days(30))
        #expect(outcome.needsTable && outcome.signals.isEmpty && outcome.evaluated.isEmpty)
        let again = desk.start(of: market, last: nil)
        signals += desk.takeStored(candles[..<410].filter { $0.openTime >= again }).signals
        for candle in candles[405...] { signals += desk.takeLive(candle, clock: Market.start + .days(30)).signals }
        #expect(try signals == expected(300..<600))
    }

    @Test("progress stays behind a signal that nobody has booked; a restart there repeats it and nothing before it")
    func restart() throws {
        var desk = StrategyDesk([try .momentum()])
        desk.restore("m", .btc, lastClose: candles[99].closeTime)
        var booked: Set<String> = []
        var position = 100
        _ = desk.takeStored(Array(candles[..<100]))
        while position < 600 {
            for candle in candles[position..<min(position + 37, 600)] {
                _ = desk.takeLive(candle, clock: Market.start + .days(30))
            }
            position += 37
            // Risk-manager books all but the newest; then the service dies.
            let waiting = desk.unanswered()
            let answered = Set(waiting.dropLast().map(\.id))
            booked.formUnion(answered)
            desk.answered(answered)
            let progress = try #require(desk.progress.first)
            if let open = waiting.last { #expect(progress.lastClose < open.candleClose) }
            desk = StrategyDesk([try .momentum()])
            desk.restore("m", .btc, lastClose: progress.lastClose)
            let from = desk.start(of: market, last: nil)
            let stored = candles[..<min(position, 600)].filter { $0.openTime >= from }
            let repeated = desk.takeStored(Array(stored)).signals
            #expect(repeated.allSatisfy { !booked.contains($0.id) })
            if let open = waiting.last { #expect(repeated.contains(open)) }
        }
        booked.formUnion(desk.unanswered().map(\.id))
        let exits = try expected(100..<600).filter { $0.action == .exit }
        #expect(exits.allSatisfy { booked.contains($0.id) })
    }

    @Test("an entry is offered until one candle later, an exit until it is booked")
    func patience() throws {
        var desk = StrategyDesk([try .momentum()])
        desk.restore("m", .btc, lastClose: candles[0].openTime)
        var offered: [Signal.Action: Set<Int64>] = [:]
        _ = desk.takeStored([candles[0]])
        for candle in candles[1..<200] {
            _ = desk.takeLive(candle, clock: Market.start + .days(30))
            for signal in desk.unanswered() {
                let age = (candle.closeTime - signal.candleClose).nanoseconds / 60_000_000_000
                offered[signal.action, default: []].insert(age)
            }
        }
        #expect(offered[.enter] == [0])
        #expect((offered[.exit]?.max() ?? 0) > 100)
    }
}
