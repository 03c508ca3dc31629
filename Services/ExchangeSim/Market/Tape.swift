import Domain

/// What has happened in one market: its newest trades and its minutes, both bounded.
struct Tape: Sendable {
    /// One minute, as the exchange would tell of it.
    struct Bar: Sendable, Equatable {
        var openTime: Timestamp
        var open: Price
        var high: Price
        var low: Price
        var close: Price
        var volume: Int128
        var quoteVolume: Money
        var buyVolume: Int128
        var buyQuoteVolume: Money
        var tradeCount: Int64
    }

    /// How much is kept.
    struct Limits: Sendable {
        var trades = 50_000
        var bars = 50_000
    }

    let symbol: Symbol
    private let limits: Limits
    /// A minute without a trade becomes a bar without volume; a recording of bars says itself which minutes there were.
    private let fillsPauses: Bool
    private(set) var trades: [Print] = []
    private(set) var bars: [Bar] = []
    private(set) var quote: Quote?

    init(_ symbol: Symbol, fillsPauses: Bool, limits: Limits = Limits()) {
        self.symbol = symbol
        self.fillsPauses = fillsPauses
        self.limits = limits
    }

    /// The newest trade.
    var lastPrint: Print? { trades.last }

    mutating func append(_ print: Print) {
        trades.append(print)
        if trades.count > limits.trades + 4096 { trades.removeFirst(trades.count - limits.trades) }
        let minute = Timeframe.minute1.open(containing: print.time)
        fill(before: minute)
        let notional = print.price.times(print.quantity)
        if bars.last?.openTime != minute { startBar(minute, at: print.price) }
        let last = bars.count - 1
        bars[last].high = max(bars[last].high, print.price)
        bars[last].low = min(bars[last].low, print.price)
        bars[last].close = print.price
        bars[last].volume += Int128(print.quantity.raw)
        bars[last].quoteVolume += notional
        bars[last].tradeCount += 1
        if print.aggressor == .buy {
            bars[last].buyVolume += Int128(print.quantity.raw)
            bars[last].buyQuoteVolume += notional
        }
    }

    mutating func append(_ quote: Quote) { self.quote = quote }

    /// A recorded minute without a trade.
    mutating func append(emptyBar candle: Candle) {
        guard bars.last.map({ $0.openTime < candle.openTime }) ?? true else { return }
        startBar(candle.openTime, at: candle.open)
        let last = bars.count - 1
        bars[last].high = candle.high
        bars[last].low = candle.low
        bars[last].close = candle.close
    }

    /// Ends the minutes that are over at `now`, when pauses are filled.
    mutating func roll(to now: Timestamp) { fill(before: Timeframe.minute1.open(containing: now)) }

    private mutating func fill(before minute: Timestamp) {
        guard fillsPauses, var last = bars.last else { return }
        // A jump of more than a day is a new session, not a pause.
        guard minute - last.openTime < .days(1) else { return }
        while last.openTime + .minutes(1) < minute {
            startBar(last.openTime + .minutes(1), at: last.close)
            last = bars[bars.count - 1]
        }
    }

    private mutating func startBar(_ time: Timestamp, at price: Price) {
        bars.append(
            Bar(
                openTime: time, open: price, high: price, low: price, close: price, volume: 0, quoteVolume: .zero,
                buyVolume: 0, buyQuoteVolume: .zero, tradeCount: 0))
        if bars.count > limits.bars + 1024 { bars.removeFirst(bars.count - limits.bars) }
    }
}

extension Tape {
    /// Trades from an id on, oldest first.
    func trades(from id: Int64, limit: Int) -> ArraySlice<Print> {
        let start = Self.firstIndex(trades) { $0.id >= id }
        return trades[start...].prefix(limit)
    }

    /// Trades at or after a time and no later than another, oldest first.
    func trades(from time: Timestamp, through end: Timestamp, limit: Int) -> ArraySlice<Print> {
        let start = Self.firstIndex(trades) { $0.time >= time }
        return trades[start...].prefix(limit).prefix { $0.time <= end }
    }

    /// Candles by open time, oldest first: of minutes, or put together from them.
    ///
    /// - Parameters:
    ///   - from: nil for the newest ones.
    ///   - through: last open time.
    func klines(_ timeframe: Timeframe, from: Timestamp?, through: Timestamp, limit: Int) -> [Bar] {
        guard !bars.isEmpty, limit > 0 else { return [] }
        if let from {
            let span = timeframe.span.nanoseconds
            let floor = timeframe.open(containing: from)
            let first = floor == from ? from : Timestamp(nanoseconds: floor.nanoseconds + span)
            return collect(timeframe, from: first, through: through, limit: limit)
        }
        let newest = timeframe.open(containing: min(through, bars[bars.count - 1].openTime))
        let back = timeframe.span.nanoseconds.multipliedReportingOverflow(by: Int64(limit - 1)).partialValue
        return collect(
            timeframe, from: Timestamp(nanoseconds: newest.nanoseconds - back), through: through, limit: limit)
    }

    private func collect(_ timeframe: Timeframe, from: Timestamp, through: Timestamp, limit: Int) -> [Bar] {
        var result: [Bar] = []
        for bar in bars[Self.firstIndex(bars) { $0.openTime >= from }...] {
            let open = timeframe.open(containing: bar.openTime)
            guard open <= through else { break }
            if result.last?.openTime == open {
                result[result.count - 1].merge(bar)
            } else {
                if result.count == limit { break }
                var first = bar
                first.openTime = open
                result.append(first)
            }
        }
        return result
    }

    private static func firstIndex<Element>(
        _ elements: [Element], _ belongs: (Element) -> Bool
    ) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if belongs(elements[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Tape.Bar {
    /// Adds the next finer bar.
    mutating func merge(_ other: Tape.Bar) {
        high = max(high, other.high)
        low = min(low, other.low)
        close = other.close
        volume += other.volume
        quoteVolume += other.quoteVolume
        buyVolume += other.buyVolume
        buyQuoteVolume += other.buyQuoteVolume
        tradeCount += other.tradeCount
    }
}
