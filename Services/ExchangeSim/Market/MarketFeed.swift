import Domain

/// Something that happens in the market.
struct FeedItem: Sendable, Equatable {
    enum Body: Sendable, Equatable {
        /// A trade, and the best bid and ask after it when they are known.
        case trade(Print, Quote?)
        case quote(Quote)
        /// A recorded minute without a trade.
        case emptyBar(Candle)
    }

    let time: Timestamp
    let body: Body
}

/// One market's future, item by item, generated or recorded.
protocol MarketSource: Sendable {
    /// The rules of the markets it tells of.
    var instruments: [Instrument] { get }
    /// When the next item happens; nil at the end of a recording.
    var nextTime: Timestamp? { get }
    /// The next item; nil at the end.
    mutating func next() -> FeedItem?
}

/// All markets' futures, merged in order of time; what happens at the same time comes in the order of the sources.
struct MarketFeed: Sendable {
    private var sources: [any MarketSource]
    private var times: [Timestamp?]

    init(_ sources: [any MarketSource]) {
        self.sources = sources
        self.times = sources.map(\.nextTime)
    }

    /// The rules of all markets, by symbol.
    var instruments: [Instrument] { sources.flatMap(\.instruments).sorted { $0.symbol < $1.symbol } }

    /// When the next item happens; nil when everything is told.
    var nextTime: Timestamp? { times.compactMap(\.self).min() }

    /// The next item that happens no later than `limit`; nil when there is none.
    mutating func next(through limit: Timestamp) -> FeedItem? {
        var earliest: (index: Int, time: Timestamp)?
        for (index, time) in times.enumerated() {
            guard let time, time <= limit else { continue }
            if let best = earliest, best.time <= time { continue }
            earliest = (index, time)
        }
        guard let earliest else { return nil }
        let item = sources[earliest.index].next()
        times[earliest.index] = sources[earliest.index].nextTime
        return item
    }
}
