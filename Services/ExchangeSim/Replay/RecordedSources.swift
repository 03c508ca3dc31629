import Domain

/// Recorded minutes of one market, turned into prints as they come up. Minutes that were not recorded stay a hole.
struct BarSource: MarketSource {
    /// A recorded bar without what all bars of the file share: large recordings stay small.
    struct Row: Sendable, Equatable {
        let openTime: Timestamp
        let open: Price
        let high: Price
        let low: Price
        let close: Price
        let volume: Quantity
    }

    private let instrument: Instrument
    private let rows: [Row]
    private var row = 0
    private var position = 0
    private var nextID: Int64

    /// - Parameter firstID: the id of the first print; the others follow without a hole.
    init(_ instrument: Instrument, rows: [Row], firstID: Int64 = 1) {
        self.instrument = instrument
        self.rows = rows
        self.nextID = firstID
    }

    var instruments: [Instrument] { [instrument] }

    var nextTime: Timestamp? {
        guard row < rows.count else { return nil }
        let bar = candle
        let prints = BarPrints(bar)
        return prints.isEmpty ? bar.closeTime - .milliseconds(1) : prints[position].time
    }

    mutating func next() -> FeedItem? {
        guard row < rows.count else { return nil }
        let bar = candle
        let prints = BarPrints(bar, firstID: nextID - Int64(position))
        guard !prints.isEmpty else {
            row += 1
            return FeedItem(time: bar.closeTime - .milliseconds(1), body: .emptyBar(bar))
        }
        let print = prints[position]
        position += 1
        nextID += 1
        if position == prints.count {
            position = 0
            row += 1
        }
        return FeedItem(time: print.time, body: .trade(print, Quote(around: print, tick: instrument.tickSize)))
    }

    private var candle: Candle {
        let bar = rows[row]
        return Candle(
            symbol: instrument.symbol, timeframe: .minute1, openTime: bar.openTime, open: bar.open, high: bar.high,
            low: bar.low, close: bar.close, volume: bar.volume, tradeCount: 0, isFinal: true)
    }
}

/// Recorded trades and quotes of any number of markets, in the order they were recorded.
struct ItemSource: MarketSource {
    let instruments: [Instrument]
    private let items: [FeedItem]
    private var position = 0

    /// - Precondition: the times of `items` never go back.
    init(_ instruments: [Instrument], items: [FeedItem]) {
        self.instruments = instruments
        self.items = items
    }

    var nextTime: Timestamp? { position < items.count ? items[position].time : nil }

    mutating func next() -> FeedItem? {
        guard position < items.count else { return nil }
        defer { position += 1 }
        return items[position]
    }
}

extension Quote {
    /// The narrowest spread that the trade can have come from, with plenty on both sides.
    init(around print: Print, tick: Price) {
        let plenty = Quantity(raw: max(print.quantity.raw, 1) &* 100)
        let buys = print.aggressor == .buy
        self.init(
            symbol: print.symbol, bid: buys ? max(print.price - tick, tick) : print.price, bidQuantity: plenty,
            ask: buys ? print.price : print.price + tick, askQuantity: plenty, time: print.time)
    }
}
