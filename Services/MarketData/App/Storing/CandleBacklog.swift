import Domain
import MarketDataCore

/// What waits to be stored. Bounded: the oldest candles are given up first, and where they were is remembered, so that they
/// can be fetched again.
struct CandleBacklog: Sendable {
    /// One thing to store.
    enum Work: Equatable, Sendable {
        case candles([Candle])
        case gap(CandleGap)
    }

    private var candles: [Candle] = []
    private var gaps: [CandleGap] = []
    /// From when on a market's candles are to be fetched again.
    private(set) var lost: [Symbol: Timestamp] = [:]
    let candlesMax: Int
    let gapsMax: Int

    init(candlesMax: Int = 50_000, gapsMax: Int = 1000) {
        self.candlesMax = candlesMax
        self.gapsMax = gapsMax
    }

    var candleCount: Int { candles.count }
    var isEmpty: Bool { candles.isEmpty && gaps.isEmpty }

    /// - Returns: how many older candles were given up for these.
    mutating func add(_ more: [Candle]) -> Int {
        candles += more
        guard candles.count > candlesMax else { return 0 }
        // A tenth at once, so that a long outage does not move the whole array for every candle.
        let count = min(candles.count, candles.count - candlesMax + candlesMax / 10)
        for candle in candles.prefix(count) { lose(candle.symbol, from: candle.openTime) }
        candles.removeFirst(count)
        return count
    }

    mutating func add(_ gap: CandleGap) {
        if gaps.count < gapsMax { gaps.append(gap) }
    }

    /// These candles must be fetched again from `time` on.
    mutating func lose(_ symbol: Symbol, from time: Timestamp) {
        lost[symbol] = min(lost[symbol] ?? time, time)
    }

    /// They are being fetched.
    mutating func takeLost(_ symbol: Symbol) -> Timestamp? { lost.removeValue(forKey: symbol) }

    /// The next thing to store, which stays until `done`.
    func next(limit: Int) -> Work? {
        if !candles.isEmpty { return .candles(Array(candles.prefix(limit))) }
        return gaps.first.map { .gap($0) }
    }

    /// What `next` gave is stored, or cannot be stored at all.
    mutating func done(_ work: Work) {
        switch work {
        case .candles(let stored):
            // Some of them may have been given up meanwhile, always from the front.
            guard let last = stored.last, let index = candles.prefix(stored.count).lastIndex(of: last) else { return }
            candles.removeFirst(index + 1)
        case .gap(let gap):
            if gaps.first == gap { gaps.removeFirst() }
        }
    }
}
