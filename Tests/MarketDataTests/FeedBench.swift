import Domain
import MarketDataCore
import TestKit

/// A stand-in for the exchange's lists and the clocks: answers a feed's questions from a complete list of prints.
struct FeedBench {
    let symbol: Symbol
    /// Everything that the exchange has traded, by id; `published` of them are listed.
    let history: [Print]
    /// The minutes for which the exchange has a candle although nothing traded.
    var quietMinutes: [Timestamp: Candle] = [:]
    var feed: SymbolFeed
    var uptime = Timestamp.Span(nanoseconds: 0)
    var finals: [Candle] = []
    var gaps: [CandleGap] = []
    var published: [Print] = []
    var refused: [PrintGate.Refused] = []
    var states: [SourceState] = []
    /// How many of `history` have happened.
    var head = 0

    init(_ history: [Print], symbol: Symbol, limits: SymbolFeed.Limits = SymbolFeed.Limits()) {
        self.history = history
        self.symbol = symbol
        self.feed = SymbolFeed(symbol: symbol, limits: limits)
    }

    var minutes: [Candle] { finals.filter { $0.timeframe == .minute1 } }
    var now: Timestamp { head > 0 ? history[head - 1].time : history[0].time }
    var moment: FeedMoment { FeedMoment(exchangeTime: now, uptime: uptime) }

    mutating func start() {
        head = max(head, 1)
        act { feed, moment, changes in feed.connected(at: moment, into: &changes) }
        answerAll()
    }

    mutating func act(_ body: (inout SymbolFeed, FeedMoment, inout FeedChanges) -> Void) {
        var changes = FeedChanges()
        body(&feed, moment, &changes)
        finals += changes.candles.candles
        gaps += changes.candles.gaps
        published += changes.prints
        refused += changes.refused
        if let state = changes.state { states.append(state) }
    }

    mutating func receive(_ print: Print) {
        act { feed, moment, changes in feed.receive(print, at: moment, into: &changes) }
    }

    mutating func pass(milliseconds: Int64) {
        uptime = Timestamp.Span(nanoseconds: uptime.nanoseconds + milliseconds * 1_000_000)
        act { feed, moment, changes in feed.tick(at: moment, into: &changes) }
    }

    /// Answers questions until there is none.
    mutating func answerAll() {
        var count = 0
        while let request = feed.nextRequest(at: moment), count < 10_000 {
            answer(request)
            count += 1
        }
    }

    mutating func answer(_ request: FeedRequest) {
        switch request {
        case .start:
            let first = history[0]
            let minute = Timeframe.minute1.open(containing: first.time)
            act { feed, moment, changes in
                feed.started(
                    at: minute, firstID: first.id, seeds: [:], lastPrice: nil, at: moment, into: &changes)
            }
        case .prints(let from):
            let listed = history[..<head]
            let start = lowerBound(listed, id: from)
            let page = Array(listed[start...].prefix(1000))
            let reached = start + page.count == head
            let asOf = now
            act { feed, moment, changes in
                feed.refilled(page, reachedHead: reached, asOf: asOf, at: moment, into: &changes)
            }
        case .minutes(let stretch):
            answer(minutes: stretch)
        }
    }

    private mutating func answer(minutes stretch: Range<Timestamp>) {
        var minutes: [Candle] = []
        var cursor = stretch.lowerBound
        while cursor < stretch.upperBound {
            if let candle = quietMinutes[cursor] { minutes.append(candle) }
            cursor = cursor + .minutes(1)
        }
        act { feed, moment, changes in
            feed.toldMinutes(minutes, decided: stretch.upperBound, at: moment, into: &changes)
        }
    }

    private func lowerBound(_ prints: ArraySlice<Print>, id: Int64) -> Int {
        var low = prints.startIndex
        var high = prints.endIndex
        while low < high {
            let middle = (low + high) / 2
            if prints[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Prints of a seeded random walk: bursts, quiet minutes and all.
func randomPrints(_ count: Int, symbol: Symbol, random: inout SeededRandom) -> [Print] {
    var price: Int64 = 100 * 100_000_000
    var time = Timestamp(seconds: 1_700_000_030)
    return (0..<count).map { index in
        price += Int64.random(in: -50_000_000...50_000_000, using: &random)
        price = max(price, 50 * 100_000_000)
        let quiet = Int.random(in: 0..<40, using: &random) == 0
        time =
            time
            + .milliseconds(
                quiet ? Int64.random(in: 0...200_000, using: &random) : Int64.random(in: 0...3000, using: &random))
        return Print(
            id: 1000 + Int64(index), symbol: symbol, price: Price(raw: price),
            quantity: Quantity(raw: Int64.random(in: 1...1_000_000_000, using: &random)),
            aggressor: Bool.random(using: &random) ? .buy : .sell, time: time)
    }
}

/// Candles straight from prints, without any of the code under test: one dictionary entry a slot.
func plainCandles(_ prints: [Print], _ timeframe: Timeframe) -> [Timestamp: [Int64]] {
    var slots: [Timestamp: [Int64]] = [:]
    for print in prints {
        let width = timeframe.span.nanoseconds
        let offset: Int64 = timeframe == .week1 ? 4 * 86_400_000_000_000 : 0
        let open = Timestamp(nanoseconds: (print.time.nanoseconds - offset) / width * width + offset)
        var slot = slots[open] ?? [print.price.raw, .min, .max, 0, 0, 0]
        slot[1] = max(slot[1], print.price.raw)
        slot[2] = min(slot[2], print.price.raw)
        slot[3] = print.price.raw
        slot[4] += print.quantity.raw
        slot[5] += 1
        slots[open] = slot
    }
    return slots
}

extension Candle {
    /// Its figures in the form of `plainCandles`.
    var plain: [Int64] { [open.raw, high.raw, low.raw, close.raw, volume.raw, tradeCount] }
}
