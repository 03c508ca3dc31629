import Domain
import MarketDataCore
import TestKit
import Testing

@Suite struct PrintGateTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    private let now = Timestamp(seconds: 1_700_000_100)

    private func print(_ id: Int64, _ price: String, quantity: String = "1", at second: Int64 = 0) throws -> Print {
        Print(
            id: id, symbol: symbol, price: try Price(price[...]), quantity: try Quantity(quantity[...]),
            aggressor: .buy, time: Timestamp(seconds: 1_700_000_000 + second))
    }

    private func run(_ prints: [Print]) -> (accepted: [Int64], refused: [PrintRefusal]) {
        var gate = PrintGate()
        var accepted: [Print] = []
        var refused: [PrintGate.Refused] = []
        for print in prints { gate.judge(print, now: now, accepted: &accepted, refused: &refused) }
        return (accepted.map(\.id), refused.map(\.reason))
    }

    @Test func `a price or quantity of zero or below is refused`() throws {
        let result = run([
            try print(1, "0"), try print(2, "-5"), try print(3, "5", quantity: "0"), try print(4, "5"),
        ])
        #expect(result.accepted == [4])
        #expect(result.refused == [.nonPositive, .nonPositive, .nonPositive])
    }

    @Test func `a lone spike is refused, the prints around it stand`() throws {
        let result = run([try print(1, "100"), try print(2, "1000"), try print(3, "101")])
        #expect(result.accepted == [1, 3])
        #expect(result.refused == [.priceJump])
    }

    @Test func `a real move is accepted whole once three prints agree`() throws {
        let moved = [
            try print(1, "100"), try print(2, "40"), try print(3, "41"), try print(4, "40.5"), try print(5, "42"),
        ]
        let result = run(moved)
        #expect(result.accepted == [1, 2, 3, 4, 5])
        #expect(result.refused.isEmpty)
    }

    @Test func `spikes that do not agree with each other confirm nothing`() throws {
        let result = run([
            try print(1, "100"), try print(2, "1000"), try print(3, "10"), try print(4, "2000"), try print(5, "100"),
        ])
        #expect(result.accepted == [1, 5])
        #expect(result.refused == [.priceJump, .priceJump, .priceJump])
    }

    @Test func `exactly the limit is near, one step beyond is far`() throws {
        #expect(run([try print(1, "100"), try print(2, "150")]).accepted == [1, 2])
        #expect(run([try print(1, "100"), try print(2, "150.00000001")]).accepted == [1])
    }

    @Test func `a print from the past or from the future is refused`() throws {
        let result = run([
            try print(1, "100", at: 50), try print(2, "100", at: 48), try print(3, "100", at: 106),
            try print(4, "100", at: 49), try print(5, "100", at: 105),
        ])
        #expect(result.accepted == [1, 4, 5])
        #expect(result.refused == [.future, .outOfOrder])
    }

    @Test func `one print from the near future does not make those that follow it old`() throws {
        let prints = try [
            print(1, "100", at: 50), print(2, "101", at: 104), print(3, "100", at: 50), print(4, "99", at: 51),
            print(5, "100", at: 51), print(6, "100", at: 52), print(7, "101", at: 110),
        ]
        let result = run(prints)
        #expect(result.accepted == [1, 2, 3, 4, 5, 6])
        #expect(result.refused == [.future])
    }

    @Test func `old prints that do not agree with each other confirm no time`() throws {
        let result = run([
            try print(1, "100", at: 90), try print(2, "100", at: 60), try print(3, "100", at: 40),
            try print(4, "100", at: 20), try print(5, "100", at: 90),
        ])
        #expect(result.accepted == [1, 5])
        #expect(result.refused == [.outOfOrder, .outOfOrder, .outOfOrder])
    }
}

@Suite struct PrintSequenceTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    private func print(_ id: Int64, second: Int64? = nil) -> Print {
        Print(
            id: id, symbol: symbol, price: Price(raw: 1), quantity: Quantity(raw: 1), aggressor: .buy,
            time: Timestamp(seconds: second ?? id))
    }

    private func milliseconds(_ count: Int64) -> Timestamp.Span { .milliseconds(count) }

    @Test func `an early print waits for the one before it`() {
        var sequence = PrintSequence()
        var out: [Print] = []
        sequence.anchor(at: 10, into: &out)
        _ = sequence.refill([], reachedHead: true, at: milliseconds(0), into: &out)
        let early = sequence.receive(print(11), at: milliseconds(0), into: &out)
        #expect(early == .taken)
        #expect(out.isEmpty)
        let expected = sequence.receive(print(10), at: milliseconds(1), into: &out)
        #expect(expected == .taken)
        #expect(out.map(\.id) == [10, 11])
        #expect(sequence.isContinuous)
        let again = sequence.receive(print(10), at: milliseconds(1), into: &out)
        #expect(again == .duplicate)
    }

    @Test func `a hole is asked for after patience, and filled exactly`() {
        var sequence = PrintSequence()
        var out: [Print] = []
        sequence.anchor(at: 1, into: &out)
        _ = sequence.refill([], reachedHead: true, at: milliseconds(0), into: &out)
        _ = sequence.receive(print(4), at: milliseconds(0), into: &out)
        let early = sequence.needsRefill(at: milliseconds(249))
        #expect(!early)
        let late = sequence.needsRefill(at: milliseconds(250))
        #expect(late)
        #expect(sequence.next == 1)
        _ = sequence.refill(
            [print(1), print(2), print(3), print(4), print(5)], reachedHead: true, at: milliseconds(260), into: &out)
        #expect(out.map(\.id) == [1, 2, 3, 4, 5])
        #expect(sequence.isContinuous)
    }

    @Test func `an id that the exchange itself leaves out is no hole`() {
        var sequence = PrintSequence()
        var out: [Print] = []
        sequence.anchor(at: 1, into: &out)
        _ = sequence.receive(print(5), at: milliseconds(0), into: &out)
        _ = sequence.refill([print(1), print(3)], reachedHead: true, at: milliseconds(0), into: &out)
        #expect(out.map(\.id) == [1, 3])
        #expect(!sequence.isContinuous)
        _ = sequence.refill([print(5)], reachedHead: true, at: milliseconds(0), into: &out)
        #expect(out.map(\.id) == [1, 3, 5])
        #expect(sequence.isContinuous)
    }

    @Test func `an id from nowhere is given up after the exchange has denied it often enough`() {
        var sequence = PrintSequence()
        var out: [Print] = []
        sequence.anchor(at: 1, into: &out)
        _ = sequence.receive(print(.max, second: 5), at: milliseconds(0), into: &out)
        var given: [Print] = []
        var answers = 0
        while given.isEmpty, answers < 100 {
            given = sequence.refill([], reachedHead: true, at: milliseconds(0), into: &out)
            answers += 1
        }
        #expect(given.map(\.id) == [.max])
        #expect(answers == PrintSequence.Limits().contradictions)
        let good = sequence.receive(print(1), at: milliseconds(1), into: &out)
        #expect(good == .taken)
        #expect(out.map(\.id) == [1])
    }

    @Test func `what does not fit is dropped and fetched`() {
        var limits = PrintSequence.Limits()
        limits.capacity = 3
        var sequence = PrintSequence(limits: limits)
        var out: [Print] = []
        sequence.anchor(at: 1, into: &out)
        let outcomes = (2...6).map { sequence.receive(print($0), at: milliseconds(0), into: &out) }
        #expect(outcomes == [.taken, .taken, .taken, .overflowed, .overflowed])
        _ = sequence.refill([print(1)], reachedHead: false, at: milliseconds(0), into: &out)
        #expect(out.map(\.id) == [1, 2, 3, 4])
        #expect(!sequence.isContinuous)
        _ = sequence.refill([print(5), print(6)], reachedHead: true, at: milliseconds(0), into: &out)
        #expect(out.map(\.id) == [1, 2, 3, 4, 5, 6])
        #expect(sequence.isContinuous)
    }

    @Test func `old ids with newer times mean that the exchange counts anew`() {
        var sequence = PrintSequence()
        var out: [Print] = []
        sequence.anchor(at: 1000, into: &out)
        _ = sequence.refill([print(1000)], reachedHead: true, at: milliseconds(0), into: &out)
        let outcomes = (1...8).map { sequence.receive(print($0, second: 2000 + $0), at: milliseconds(0), into: &out) }
        #expect(outcomes.dropLast().allSatisfy { $0 == .duplicate })
        #expect(outcomes.last == .restarted)
        #expect(sequence.state == .unanchored)
    }
}

@Suite struct SymbolFeedTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    private func print(_ id: Int64, second: Int64) -> Print {
        Print(
            id: id, symbol: symbol, price: Price(raw: 100_000_000 + id), quantity: Quantity(raw: 10), aggressor: .buy,
            time: Timestamp(seconds: 1_700_000_040 + second))
    }

    private func quiet(_ minute: Int64) -> Candle {
        let price = Price(raw: 100_000_001)
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: Timestamp(seconds: 1_700_000_040 + minute * 60), open: price,
            high: price, low: price, close: price, volume: .zero, tradeCount: 0, isFinal: true, source: .klines)
    }

    @Test func `a minute without trades is a candle when the exchange has one, and a reported gap when it has none`() {
        var bench = FeedBench(
            [print(1, second: 1), print(2, second: 61 * 4), print(3, second: 301)], symbol: symbol)
        bench.quietMinutes[quiet(1).openTime] = quiet(1)
        bench.start()
        bench.head = 2
        bench.receive(bench.history[1])
        #expect(bench.minutes.count == 1)
        bench.answerAll()
        let minutes = bench.minutes
        #expect(minutes.map(\.volume.raw) == [10, 0])
        #expect(bench.gaps == [])
        bench.head = 3
        bench.receive(bench.history[2])
        #expect(
            bench.gaps == [
                CandleGap(
                    symbol: symbol, from: Timestamp(seconds: 1_700_000_160), to: Timestamp(seconds: 1_700_000_280))
            ])
    }

    @Test func `nothing behind a loss is final before it is refilled`() {
        let history = [print(1, second: 1), print(2, second: 30), print(3, second: 70), print(4, second: 130)]
        var bench = FeedBench(history, symbol: symbol)
        bench.start()
        bench.head = 4
        bench.receive(history[2])
        bench.receive(history[3])
        #expect(bench.finals.isEmpty)
        #expect(!bench.feed.isGapOpen)
        bench.pass(milliseconds: 300)
        bench.answerAll()
        #expect(bench.minutes.map(\.tradeCount) == [2, 1])
        #expect(bench.feed.health.gaps == 1)
    }

    @Test func `what a slow clock takes for the future is asked for, and missing nowhere`() {
        let history = [print(1, second: 1), print(2, second: 20), print(3, second: 21), print(4, second: 70)]
        var bench = FeedBench(history, symbol: symbol)
        bench.start()
        bench.head = 2
        // Ours says second 5.
        let slow = FeedMoment(exchangeTime: Timestamp(seconds: 1_700_000_045), uptime: bench.uptime)
        bench.act { feed, _, changes in feed.receive(history[1], at: slow, into: &changes) }
        #expect(bench.refused.last?.reason == .future)
        bench.answerAll()
        bench.head = 4
        bench.receive(history[2])
        bench.receive(history[3])
        bench.pass(milliseconds: 300)
        bench.answerAll()
        #expect(bench.minutes.map(\.tradeCount) == [3])
        #expect(bench.published == history)
    }

    @Test func `a quiet minute becomes final by asking`() {
        let history = [print(1, second: 1), print(2, second: 500)]
        var bench = FeedBench(history, symbol: symbol)
        bench.start()
        bench.pass(milliseconds: 3000)
        let later = FeedMoment(exchangeTime: Timestamp(seconds: 1_700_000_040 + 63), uptime: bench.uptime)
        let request = bench.feed.nextRequest(at: later)
        #expect(request == .prints(from: 2))
        bench.act { feed, _, changes in
            feed.refilled([], reachedHead: true, asOf: later.exchangeTime, at: later, into: &changes)
        }
        #expect(bench.minutes.map(\.tradeCount) == [1])
    }

    @Test func `a print that came too late for its minute is a new revision`() {
        let history = [print(1, second: 1), print(2, second: 60), print(3, second: 59), print(4, second: 120)]
        var bench = FeedBench(history, symbol: symbol)
        bench.start()
        for (index, print) in history.enumerated() {
            bench.head = index + 1
            bench.receive(print)
        }
        let minutes = bench.minutes
        #expect(minutes.map(\.revision) == [0, 1, 0])
        #expect(minutes.map(\.tradeCount) == [1, 2, 1])
        #expect(minutes[1].openTime == minutes[0].openTime)
    }

    @Test func `silence is stale, by data alone and in monotonic time`() {
        var bench = FeedBench([print(1, second: 1)], symbol: symbol)
        bench.start()
        bench.receive(bench.history[0])
        bench.pass(milliseconds: 10_000)
        #expect(bench.states.last?.stale == false)
        bench.pass(milliseconds: 1)
        #expect(bench.states.last?.stale == true)
        #expect(bench.states.last?.reason == "no message for 10 s")
        bench.receive(print(2, second: 3))
        bench.pass(milliseconds: 1)
        #expect(bench.states.last == SourceState(connected: true, stale: false, gapOpen: false, reason: ""))
    }

    @Test func `behind an old hole prints are published at once and join the candles later`() {
        let history = [print(1, second: 1), print(2, second: 2), print(3, second: 3), print(4, second: 4)]
        var bench = FeedBench(history, symbol: symbol)
        bench.start()
        bench.head = 4
        bench.receive(history[2])
        #expect(bench.published.map(\.id) == [1])
        bench.pass(milliseconds: 2100)
        bench.receive(history[3])
        #expect(bench.published.map(\.id) == [1, 4])
        bench.answerAll()
        #expect(bench.published.map(\.id) == [1, 4])
        #expect(bench.feed.candles.formingCandles.first?.tradeCount == 4)
    }
}

@Suite struct CandleBuilderTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    private func print(_ id: Int64, minute: Int64) -> Print {
        Print(
            id: id, symbol: symbol, price: Price(raw: 100), quantity: Quantity(raw: 1), aggressor: .buy,
            time: Timestamp(seconds: minute * 60 + 1))
    }

    @Test func `a pause before the first candle of all is no gap, one since the last candle is`() {
        for (after, expected) in [
            (nil, []),
            (
                Timestamp(seconds: 60),
                [CandleGap(symbol: symbol, from: Timestamp(seconds: 60), to: Timestamp(seconds: 300))]
            ),
        ] {
            var builder = CandleBuilder(symbol: symbol)
            var changes = CandleChanges()
            builder.start(at: Timestamp(seconds: 180), after: after)
            builder.add(print(1, minute: 5), into: &changes)
            builder.answer([], decided: Timestamp(seconds: 300), into: &changes)
            builder.add(print(2, minute: 6), into: &changes)
            #expect(changes.gaps == expected)
            #expect(changes.candles.filter { $0.timeframe == .minute1 }.count == 1)
        }
    }

    @Test func `seeds make the coarser candles whole, and mixed`() throws {
        var builder = CandleBuilder(symbol: symbol)
        var changes = CandleChanges()
        let high = Price(raw: 500)
        let seed = Candle(
            symbol: symbol, timeframe: .minute1, openTime: .zero, open: Price(raw: 90), high: high,
            low: Price(raw: 80), close: Price(raw: 100), volume: Quantity(raw: 7), tradeCount: 3, isFinal: true,
            source: .klines)
        builder.start(at: Timestamp(seconds: 60), after: Timestamp(seconds: 60), seeds: [.minute5: [seed]])
        for minute in 1...5 { builder.add(print(Int64(minute), minute: Int64(minute)), into: &changes) }
        let five = try #require(changes.candles.first { $0.timeframe == .minute5 })
        #expect(five.plain == [90, 500, 80, 100, 11, 7])
        #expect(five.source == .mixed)
        #expect(five.openTime == .zero)
    }
}
