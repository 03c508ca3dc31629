import Domain

/// The generated market of one symbol from a moment on, for ever.
struct GeneratedSource: MarketSource {
    private let market: MarketSpecification
    private let seed: UInt64
    private let tradesPerHour: Int
    private var path: MarketPath
    private var hour: Int64
    private var trades: [GeneratedTrade] = []
    private var position = 0

    /// Begins with the first trade at or after `start`.
    ///
    /// - Parameter tradesPerHour: at least 1.
    init(_ market: MarketSpecification, seed: UInt64, tradesPerHour: Int, start: Timestamp) {
        self.market = market
        self.seed = seed
        self.tradesPerHour = tradesPerHour
        self.path = MarketPath(market, seed: seed)
        self.hour = start.nanoseconds / Self.hourNanoseconds
        load()
        while let time = nextTime, time < start { _ = next() }
    }

    private static let hourNanoseconds: Int64 = 3_600_000_000_000

    var instruments: [Instrument] { [market.instrument] }

    var nextTime: Timestamp? { position < trades.count ? trades[position].time : nil }

    mutating func next() -> FeedItem? {
        guard position < trades.count else { return nil }
        let trade = trades[position]
        position += 1
        if position == trades.count {
            hour += 1
            load()
        }
        let symbol = market.instrument.symbol
        return FeedItem(
            time: trade.time,
            body: .trade(
                Print(
                    id: trade.id, symbol: symbol, price: trade.price, quantity: trade.quantity,
                    aggressor: trade.aggressor, time: trade.time),
                Quote(
                    symbol: symbol, bid: trade.bid, bidQuantity: trade.bidQuantity, ask: trade.ask,
                    askQuantity: trade.askQuantity, time: trade.time)))
    }

    private mutating func load() {
        var generated = GeneratedHour(
            market, hour: hour, tradeCount: tradesPerHour, seed: seed, path: path.hour(hour))
        trades = generated.trades()
        position = 0
    }
}
