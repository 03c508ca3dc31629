package import Domain

/// A stretch for which the exchange had no candle to give.
package struct CandleGap: Equatable, Sendable {
    package let symbol: Symbol
    package let from: Timestamp
    /// The first minute with a candle again.
    package let to: Timestamp

    package init(symbol: Symbol, from: Timestamp, to: Timestamp) {
        self.symbol = symbol
        self.from = from
        self.to = to
    }
}

/// Builds the candles of one symbol, of every timeframe, from prints that are complete and in order.
///
/// A minute is final once a later print arrived in order, or the exchange said that there is none. A minute without
/// prints becomes a candle only when the exchange has one for it; a stretch for which it has none is a gap.
package struct CandleBuilder: Sendable {
    private static let minute = Timeframe.minute1.span

    package let symbol: Symbol
    /// The minute that the newest print fell into.
    private var forming: Candle?
    /// Minutes that are whole but wait for an earlier one.
    private var built: [Candle] = []
    /// The first minute that is not settled; nil before the first print.
    package private(set) var next: Timestamp?
    /// Every print before this is known.
    private var complete = Timestamp(nanoseconds: .min)
    private var lastMinute: Candle?
    private var gapStart: Timestamp?
    /// There was a candle before; what comes before the first of all is no gap.
    private var hasPast = false
    /// Earlier prints are in the seeds already.
    private var started = Timestamp(nanoseconds: .min)
    private var folds: [CandleFold]

    /// - Parameter timeframes: of the candles that are wanted; those of one minute are always built.
    package init(symbol: Symbol, timeframes: [Timeframe] = Timeframe.allCases) {
        self.symbol = symbol
        self.folds = timeframes.filter { $0 != .minute1 }.map { CandleFold(timeframe: $0) }
    }

    /// Starts at `minute`: what was before it is told by `seeds`, settled candles of any timeframe in order of time,
    /// of which each coarser candle takes those inside it. `after`: the end of the last candle there was, if any;
    /// a pause between it and the next one is a gap.
    package mutating func start(at minute: Timestamp, after end: Timestamp?, seeds: [Timeframe: [Candle]] = [:]) {
        forming = nil
        built = []
        gapStart = end.flatMap { $0 < minute ? $0 : nil }
        hasPast = end != nil
        lastMinute = nil
        next = minute
        complete = minute
        started = minute
        var ignored: [Candle] = []
        for index in folds.indices {
            let timeframe = folds[index].timeframe
            folds[index] = CandleFold(timeframe: timeframe)
            for seed in seeds[timeframe] ?? [] { folds[index].take(seed, into: &ignored) }
        }
    }

    /// Adds the next print in order.
    package mutating func add(_ print: Print, into changes: inout CandleChanges) {
        if let current = forming, print.time >= current.openTime {
            if print.time < current.openTime + Self.minute {
                forming?.add(print)
                return
            }
            finish(current.settled, into: &changes)
            begin(print, into: &changes)
            return
        }
        if forming == nil, print.time >= complete {
            begin(print, into: &changes)
        } else if print.time >= started {
            correct(print, into: &changes)
        }
    }

    /// Every print before `time` is known: the minutes before it are whole.
    package mutating func completed(through time: Timestamp, into changes: inout CandleChanges) {
        guard time > complete, next != nil else { return }
        complete = Timeframe.minute1.open(containing: time)
        if let current = forming, current.closeTime <= complete {
            built.append(current.settled)
            forming = nil
        }
        settle(into: &changes)
    }

    /// Takes the exchange's own minutes for a stretch without prints. `decided`: what it has no candle for before this
    /// moment will never have one.
    package mutating func answer(_ minutes: [Candle], decided: Timestamp, into changes: inout CandleChanges) {
        guard var cursor = next else { return }
        let end = min(decided, built.first?.openTime ?? complete, complete)
        var known = minutes[...]
        while cursor < end {
            while let first = known.first, first.openTime < cursor { known.removeFirst() }
            if let first = known.first, first.openTime == cursor {
                emit(first.settled, into: &changes)
            } else {
                pass(cursor, into: &changes)
            }
            cursor = cursor + Self.minute
        }
        next = cursor
        settle(into: &changes)
    }

    /// The stretch of minutes that the exchange must be asked about before anything more becomes final.
    package var unanswered: Range<Timestamp>? {
        guard let next, next < complete else { return nil }
        let end = min(built.first?.openTime ?? complete, complete)
        return next < end ? next..<end : nil
    }

    /// Where the minute that still gets prints began; nil when there is none.
    package var formingSince: Timestamp? { forming?.openTime }

    /// The candles that can still change, finest first.
    package var formingCandles: [Candle] {
        var candles = forming.map { [$0] } ?? []
        let pending = built + candles
        for fold in folds {
            var whole = fold.forming
            for minute in pending {
                let open = fold.timeframe.open(containing: minute.openTime)
                if whole?.openTime == open { whole?.add(minute) } else { whole = minute.beginning(fold.timeframe) }
            }
            if let whole { candles.append(whole) }
        }
        return candles
    }

    /// A minute is whole: final at once where no earlier one is waited for.
    private mutating func finish(_ candle: Candle, into changes: inout CandleChanges) {
        guard built.isEmpty, next == candle.openTime else { return built.append(candle) }
        emit(candle, into: &changes)
        next = candle.openTime + Self.minute
    }

    private mutating func begin(_ print: Print, into changes: inout CandleChanges) {
        let candle = Candle(print, timeframe: .minute1)
        forming = candle
        if next == nil { next = candle.openTime }
        complete = max(complete, candle.openTime)
        settle(into: &changes)
    }

    private mutating func settle(into changes: inout CandleChanges) {
        while let expected = next, let first = built.first, first.openTime == expected {
            built.removeFirst()
            emit(first, into: &changes)
            next = expected + Self.minute
        }
    }

    private mutating func emit(_ candle: Candle, into changes: inout CandleChanges) {
        if let from = gapStart {
            changes.gaps.append(CandleGap(symbol: symbol, from: from, to: candle.openTime))
            gapStart = nil
        }
        changes.candles.append(candle)
        lastMinute = candle
        hasPast = true
        for index in folds.indices { folds[index].take(candle, into: &changes.candles) }
    }

    private mutating func pass(_ minute: Timestamp, into changes: inout CandleChanges) {
        if gapStart == nil, hasPast { gapStart = minute }
        for index in folds.indices { folds[index].passed(minute + Self.minute, into: &changes.candles) }
    }

    private mutating func correct(_ print: Print, into changes: inout CandleChanges) {
        let open = Timeframe.minute1.open(containing: print.time)
        if let index = built.firstIndex(where: { $0.openTime == open }) {
            built[index].addLate(print)
            return
        }
        if let next, open >= next {
            let place = built.firstIndex { $0.openTime > open } ?? built.count
            built.insert(Candle(print, timeframe: .minute1).settled, at: place)
            settle(into: &changes)
            return
        }
        if lastMinute?.openTime == open {
            lastMinute?.addLate(print)
            lastMinute?.revision += 1
            if let lastMinute { changes.candles.append(lastMinute) }
        }
        for index in folds.indices {
            if let revised = folds[index].correct(print) { changes.candles.append(revised) }
        }
    }
}

/// What a builder has to tell.
package struct CandleChanges: Equatable, Sendable {
    /// Final candles and corrections of them, in order.
    package var candles: [Candle] = []
    /// Stretches that are over and had no candle.
    package var gaps: [CandleGap] = []
    package init() {}
}
