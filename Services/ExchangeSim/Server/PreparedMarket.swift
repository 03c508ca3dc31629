import Domain

/// The market at the moment the exchange opens: the past on tape, the future in the feed.
struct PreparedMarket: Sendable {
    var feed: MarketFeed
    var tapes: [Symbol: Tape]
    let instruments: [Instrument]
    let start: Timestamp

    /// Reads or generates the past. Takes seconds and blocks; not for the cooperative pool.
    ///
    /// - Parameter now: the wall clock, which is when a generated market opens unless the settings say otherwise.
    /// - Throws: for a recording that cannot be read.
    init(_ settings: ExchangeSettings, now: Timestamp) throws {
        let fillsPauses: Bool
        switch settings.mode {
        case .generator(let symbols):
            let opening = settings.start ?? now
            feed = MarketFeed(
                symbols.map { symbol in
                    GeneratedSource(
                        MarketSpecification(symbol), seed: settings.seed,
                        tradesPerHour: max(1, settings.tradesPerSecond) * 3600, start: opening - settings.history)
                })
            start = opening
            fillsPauses = true
        case .replay(let paths):
            let sources = try paths.map { try Recordings.source($0, quotes: settings.quotesAroundTrades) }
            feed = MarketFeed(sources)
            start = settings.start ?? feed.nextTime.map { $0 - .seconds(1) } ?? now
            fillsPauses = !sources.contains { $0 is BarSource }
        }
        instruments = feed.instruments
        var tapes: [Symbol: Tape] = [:]
        for instrument in instruments {
            tapes[instrument.symbol] = Tape(instrument.symbol, fillsPauses: fillsPauses)
        }
        while let item = feed.next(through: start) { tapes.take(item) }
        self.tapes = tapes
    }
}

extension [Symbol: Tape] {
    /// Notes what has happened.
    mutating func take(_ item: FeedItem) {
        switch item.body {
        case .trade(let print, let quote):
            self[print.symbol]?.append(print)
            if let quote { self[print.symbol]?.append(quote) }
        case .quote(let quote): self[quote.symbol]?.append(quote)
        case .emptyBar(let bar): self[bar.symbol]?.append(emptyBar: bar)
        }
    }
}
