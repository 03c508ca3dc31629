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
    private let quotes: Bool
    private var row = 0
    /// The bar that is told now, and its prints; nil at the end.
    private var current: (bar: Candle, prints: BarPrints)?
    private var position = 0
    private var nextID: Int64
    private(set) var nextTime: Timestamp?

    /// - Parameters:
    ///   - quotes: make up a quote around each print.
    ///   - firstID: the id of the first print; the others follow without a hole.
    init(_ instrument: Instrument, rows: [Row], quotes: Bool = true, firstID: Int64 = 1) {
        self.instrument = instrument
        self.rows = rows
        self.quotes = quotes
        self.nextID = firstID
        load()
    }

    var instruments: [Instrument] { [instrument] }

    mutating func next() -> FeedItem? {
        guard let (bar, prints) = current, let time = nextTime else { return nil }
        guard !prints.isEmpty else {
            row += 1
            load()
            return FeedItem(time: time, body: .emptyBar(bar))
        }
        let print = prints[position]
        position += 1
        if position == prints.count {
            nextID += Int64(prints.count)
            row += 1
            load()
        } else {
            nextTime = prints[position].time
        }
        return FeedItem(
            time: time, body: .trade(print, quotes ? Quote(around: print, tick: instrument.tickSize) : nil))
    }

    private mutating func load() {
        position = 0
        guard row < rows.count else {
            current = nil
            nextTime = nil
            return
        }
        let shape = rows[row]
        let bar = Candle(
            symbol: instrument.symbol, timeframe: .minute1, openTime: shape.openTime, open: shape.open,
            high: shape.high, low: shape.low, close: shape.close, volume: shape.volume, tradeCount: 0, isFinal: true)
        let prints = BarPrints(bar, firstID: nextID)
        current = (bar, prints)
        nextTime = prints.first?.time ?? bar.closeTime - .milliseconds(1)
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
