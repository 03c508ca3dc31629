import Domain
import Exchanges

/// What happened in a market while nobody of us was listening, from the exchange's REST interface.
///
/// Single trades where a minute is not whole, minute candles in between: of such a minute the lowest price is taken to have come
/// before the highest or after it as `BarPrints` says, which is how a backtest sees it.
struct MarketHistory: Sendable {
    /// What is asked of the exchange.
    struct Source: Sendable {
        /// Aggregate trades from an id or a moment on, oldest first, 1000 at most.
        let trades: @Sendable (Symbol, _ fromID: Int64?, _ from: Timestamp?) async throws -> [BinanceAggregateTrade]
        /// Minute candles by open time from a moment on, oldest first, 1000 at most; only those that are over.
        let minutes: @Sendable (Symbol, _ from: Timestamp) async throws -> [Candle]
    }

    let source: Source

    /// So many requests for trades are made for one stretch: in a minute there are never so many.
    static let pages = 100
    /// So many requests for candles: seven days.
    static let candlePages = 11
    private static let minute = Timestamp.Span.minutes(1)

    init(_ source: Source) { self.source = source }

    /// Reads the market's open interface.
    init(_ rest: BinanceREST, now: @escaping @Sendable () -> Timestamp) {
        self.init(
            Source(
                trades: { try await rest.aggregateTrades($0, fromID: $1, from: $2) },
                minutes: { symbol, from in
                    try await rest.klines(symbol, .minute1, from: from, now: now()).filter(\.isFinal)
                }))
    }

    /// The prints since `moment`, oldest first, up to now.
    ///
    /// - Parameter booked: minute candles that are known already, by open time; those that follow on each other are not asked for.
    func since(_ moment: Timestamp, of symbol: Symbol, booked: [Candle] = []) async throws -> [Print] {
        let first = Self.nextMinute(moment)
        var minutes: [Candle] = []
        var end = first
        func add(_ candles: [Candle]) {
            for candle in candles where candle.openTime == end {
                minutes.append(candle)
                end = candle.openTime + Self.minute
            }
        }
        add(booked)
        for _ in 0..<Self.candlePages {
            let more = try await source.minutes(symbol, end)
            // The exchange lists no candle for a minute in which it stood still.
            for candle in more where candle.openTime >= end {
                minutes.append(candle)
                end = candle.openTime + Self.minute
            }
            if more.count < 1000 { break }
        }
        let head = try await trades(of: symbol, from: moment, before: minutes.isEmpty ? nil : first)
        let tail = minutes.isEmpty ? [] : try await trades(of: symbol, from: end, before: nil)
        return head + minutes.flatMap { BarPrints($0) } + tail
    }

    /// Single trades from `moment` up to, and without, `end`; nil for up to now.
    ///
    /// - Throws: `TooMany`, or what the request throws.
    func trades(of symbol: Symbol, from moment: Timestamp, before end: Timestamp?) async throws -> [Print] {
        var found: [Print] = []
        var fromID: Int64?
        for _ in 0..<Self.pages {
            let page = try await source.trades(symbol, fromID, fromID == nil ? moment : nil)
            for trade in page where trade.time >= moment {
                if let end, trade.time >= end { return found }
                found.append(trade.print(of: symbol))
            }
            guard page.count == 1000, let last = page.last, last.id < .max else { return found }
            fromID = last.id + 1
        }
        throw TooMany(symbol: symbol)
    }

    /// There was more trade in the stretch than is asked for trade by trade.
    struct TooMany: Error, CustomStringConvertible {
        let symbol: Symbol
        var description: String { "more trades of \(symbol) than \(MarketHistory.pages) requests give" }
    }

    private static func nextMinute(_ time: Timestamp) -> Timestamp {
        time == time.minute ? time : time.minute + minute
    }
}

extension BinanceAggregateTrade {
    /// As one print: its trades have one price. Its id is the last trade's, so that a repeat of any of them is older.
    fileprivate func print(of symbol: Symbol) -> Print {
        Print(
            id: lastTradeID, symbol: symbol, price: price, quantity: quantity, aggressor: isBuyerMaker ? .sell : .buy,
            time: time)
    }
}
