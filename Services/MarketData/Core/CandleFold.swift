package import Domain

extension Candle {
    /// A candle that starts with one print.
    package init(_ print: Print, timeframe: Timeframe) {
        self.init(
            symbol: print.symbol, timeframe: timeframe, openTime: timeframe.open(containing: print.time),
            open: print.price, high: print.price, low: print.price, close: print.price, volume: print.quantity,
            tradeCount: 1, isFinal: false)
    }

    /// Adds the next print.
    package mutating func add(_ print: Print) {
        widen(high: print.price, low: print.price, volume: print.quantity, trades: 1)
        close = print.price
    }

    /// Adds a print that belongs before the last one: the close stays.
    package mutating func addLate(_ print: Print) {
        widen(high: print.price, low: print.price, volume: print.quantity, trades: 1)
    }

    /// This finer candle as the beginning of a coarser one.
    package func beginning(_ timeframe: Timeframe) -> Candle {
        Candle(
            symbol: symbol, timeframe: timeframe, openTime: timeframe.open(containing: openTime), open: open,
            high: high, low: low, close: close, volume: volume, tradeCount: tradeCount, isFinal: false, source: source)
    }

    /// Adds the next finer candle.
    package mutating func add(_ finer: Candle) {
        widen(high: finer.high, low: finer.low, volume: finer.volume, trades: finer.tradeCount)
        close = finer.close
        if source != finer.source { source = .mixed }
    }

    /// The same figures, which cannot change any more.
    package var settled: Candle {
        var copy = self
        copy.isFinal = true
        return copy
    }

    private mutating func widen(high newHigh: Price, low newLow: Price, volume more: Quantity, trades: Int64) {
        if newHigh > high { high = newHigh }
        if newLow < low { low = newLow }
        // A volume beyond 92 billion stays at the end of the range instead of stopping the service.
        let (sum, overflowed) = volume.raw.addingReportingOverflow(more.raw)
        volume = Quantity(raw: overflowed ? .max : sum)
        tradeCount &+= trades
    }
}

/// Builds the candles of one coarser timeframe from the minutes.
struct CandleFold: Sendable {
    let timeframe: Timeframe
    private(set) var forming: Candle?
    private(set) var last: Candle?

    init(timeframe: Timeframe) { self.timeframe = timeframe }

    /// Takes a finer candle that is settled, in order of time; gives the candles that became final.
    mutating func take(_ candle: Candle, into finals: inout [Candle]) {
        if let candidate = forming, candidate.closeTime <= candle.openTime { settle(candidate, into: &finals) }
        var current = forming ?? candle.beginning(timeframe)
        if forming != nil { current.add(candle) }
        forming = current
        passed(candle.closeTime, into: &finals)
    }

    /// Nothing before `time` can change any more.
    mutating func passed(_ time: Timestamp, into finals: inout [Candle]) {
        if let candidate = forming, candidate.closeTime <= time { settle(candidate, into: &finals) }
    }

    /// Takes a print that came after its minute was settled; gives the correction when a final candle changed.
    mutating func correct(_ late: Print) -> Candle? {
        let open = timeframe.open(containing: late.time)
        if forming?.openTime == open {
            forming?.addLate(late)
            return nil
        }
        guard last?.openTime == open else { return nil }
        last?.addLate(late)
        last?.revision += 1
        return last
    }

    private mutating func settle(_ candle: Candle, into finals: inout [Candle]) {
        finals.append(candle.settled)
        last = candle.settled
        forming = nil
    }
}
