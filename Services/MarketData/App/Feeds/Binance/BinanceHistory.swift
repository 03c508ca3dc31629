import Domain
import Exchanges
import Logging
import MarketDataCore
import ServiceKit
import Store

/// Answers over REST what the streams do not tell: history, prints that were lost, minutes without prints.
final class BinanceHistory: Sendable {
    /// Most rows of an answer.
    private static let page = 1000
    /// A loss of more prints than this is filled with the exchange's candles instead.
    private static let printsMax: Int64 = 50_000
    /// At least so many candles of each timeframe are fetched at the first start.
    private static let candlesMin: Int64 = 100
    /// Missed candles beyond this many are not published; who needs them reads the table.
    private static let publishedMax = 100

    private let rest: BinanceREST
    private let records: CandleRecords
    private let store: CandleStore
    private let publisher: MarketPublisher
    private let clock: FeedClock
    private let figures: MarketFigures
    private let backfill: Timestamp.Span
    private let logger: Logger

    init(
        _ rest: BinanceREST, records: CandleRecords, store: CandleStore, publisher: MarketPublisher, clock: FeedClock,
        figures: MarketFigures, backfill: Timestamp.Span, logger: Logger
    ) {
        self.rest = rest
        self.records = records
        self.store = store
        self.publisher = publisher
        self.clock = clock
        self.figures = figures
        self.backfill = backfill
        self.logger = logger
    }

    /// Answers a question, or says that it could not be answered.
    func answer(_ request: FeedRequest, for desk: SymbolDesk) async {
        do {
            if let time = store.takeLost(desk.symbol) { try await restore(desk.symbol, from: time) }
            switch request {
            case .start: try await start(desk)
            case .prints(let id): try await prints(from: id, desk)
            case .minutes(let stretch): try await minutes(stretch, desk)
            }
        } catch {
            let reason = "\(error)"
            desk.failed(reason)
            figures.requestFailed((error as? BinanceError)?.kind ?? "database")
            logger.warning(
                "no answer from the exchange",
                metadata: ["symbol": "\(desk.symbol)", "request": "\(request)", "error": "\(reason)"])
        }
    }

    private func exchangeTime() async throws(BinanceError) -> Timestamp {
        let time = try await rest.time()
        clock.observe(time)
        return time
    }

    private func prints(from id: Int64, _ desk: SymbolDesk) async throws(BinanceError) {
        let time = try await exchangeTime()
        let listed = try await rest.historicalTrades(desk.symbol, fromID: id, limit: Self.page)
        if let first = listed.first, first.id > id, listed.count == Self.page {
            // The exchange has forgotten them.
            return try await start(desk)
        }
        if listed.count == Self.page, let head = try await rest.historicalTrades(desk.symbol, limit: 1).last,
            head.id > id, head.id.subtractingReportingOverflow(id).partialValue > Self.printsMax
        {
            return try await start(desk)
        }
        desk.answered { feed, moment, changes in
            feed.refilled(
                listed, reachedHead: listed.count < Self.page, asOf: time, at: moment, into: &changes)
        }
    }

    private func minutes(_ stretch: Range<Timestamp>, _ desk: SymbolDesk) async throws(BinanceError) {
        let time = try await exchangeTime()
        let rows = try await rest.klines(desk.symbol, .minute1, from: stretch.lowerBound, limit: Self.page, now: time)
        // What comes before the last row is decided; the last one itself once it is over.
        let decided = rows.last.map { $0.isFinal ? $0.closeTime : $0.openTime } ?? stretch.lowerBound
        desk.answered { feed, moment, changes in
            feed.toldMinutes(rows.filter(\.isFinal), decided: decided, at: moment, into: &changes)
        }
    }
}

// The start, and whatever is too much to fetch print by print: the exchange's own candles up to a minute, prints from there.
extension BinanceHistory {
    private func start(_ desk: SymbolDesk) async throws(BinanceError) {
        let symbol = desk.symbol
        let time = try await exchangeTime()
        // A minute that has only just ended may not be listed yet.
        let minute = Timeframe.minute1.open(containing: time - .seconds(2))
        let stored = await storedCandles(symbol, before: minute)
        var minutes: [Candle] = []
        for timeframe in Timeframe.allCases {
            let reach = max(backfill.nanoseconds, Self.candlesMin * timeframe.span.nanoseconds)
            let earliest = timeframe.open(containing: minute - Timestamp.Span(nanoseconds: reach))
            let from = stored[timeframe].map { $0 + timeframe.span } ?? earliest
            let candles = try await candles(symbol, timeframe, from: from, before: minute, now: time)
            store.add(candles)
            if stored[timeframe] != nil { candles.suffix(Self.publishedMax).forEach(publisher.publish) }
            if timeframe == .minute1 { minutes = candles }
        }
        let seeds = try await seeds(symbol, before: minute, now: time)
        let firstID = try await firstID(symbol, since: minute)
        let end = reportGaps(symbol, minutes, after: stored[.minute1].map { $0 + .minutes(1) })
        let lastPrice = (seeds[.hour1]?.last ?? minutes.last)?.close
        logger.info(
            "history is filled", metadata: ["symbol": "\(symbol)", "minute": "\(minute)", "print": "\(firstID)"])
        desk.answered { feed, moment, changes in
            feed.started(
                at: minute, after: end, firstID: firstID, seeds: seeds, lastPrice: lastPrice, at: moment, into: &changes
            )
        }
    }

    /// Tells of the pauses in a stretch of minutes.
    ///
    /// - Returns: the end of the last minute there was; nil when there was none.
    private func reportGaps(_ symbol: Symbol, _ minutes: [Candle], after end: Timestamp?) -> Timestamp? {
        var cursor = end
        for candle in minutes {
            if let from = cursor, from < candle.openTime {
                store.add(CandleGap(symbol: symbol, from: from, to: candle.openTime))
            }
            cursor = candle.closeTime
        }
        return cursor
    }

    /// The newest stored candles. Without a database they are asked for when it is there again, and nothing waits for it.
    private func storedCandles(_ symbol: Symbol, before minute: Timestamp) async -> [Timeframe: Timestamp] {
        do {
            return try await records.newest(symbol, before: minute)
        } catch {
            store.lose(symbol, from: minute - backfill)
            logger.warning(
                "stored candles are not known", metadata: ["symbol": "\(symbol)", "error": "\(error)"])
            return [:]
        }
    }

    /// Fetches again what was not stored: from `time` on, and from before it what is missing in the table.
    private func restore(_ symbol: Symbol, from time: Timestamp) async throws {
        do {
            let now = try await exchangeTime()
            let stored = try await records.newest(symbol, before: time)
            for timeframe in Timeframe.allCases {
                let from = stored[timeframe] ?? timeframe.open(containing: time)
                store.add(try await candles(symbol, timeframe, from: from, before: now, now: now))
            }
            logger.info("candles that were not stored are fetched again", metadata: ["symbol": "\(symbol)"])
        } catch {
            store.lose(symbol, from: time)
            throw error
        }
    }

    /// Final candles that open at or after `from` and close by `end`, whole timeframes of them.
    private func candles(
        _ symbol: Symbol, _ timeframe: Timeframe, from: Timestamp, before end: Timestamp, now: Timestamp
    ) async throws(BinanceError) -> [Candle] {
        var candles: [Candle] = []
        var cursor = from
        while cursor + timeframe.span <= end {
            let rows = try await rest.klines(symbol, timeframe, from: cursor, limit: Self.page, now: now)
            for row in rows where row.openTime >= cursor && row.openTime < end && row.closeTime <= end && row.isFinal {
                candles.append(row)
            }
            guard rows.count == Self.page, let last = rows.last, last.openTime > cursor else { break }
            cursor = last.openTime + timeframe.span
        }
        return candles
    }

    /// The finer candles inside each candle that is forming at `minute`.
    private func seeds(
        _ symbol: Symbol, before minute: Timestamp, now: Timestamp
    ) async throws(BinanceError) -> [Timeframe: [Candle]] {
        let hour = Timeframe.hour1.open(containing: minute)
        let day = Timeframe.day1.open(containing: minute)
        let week = Timeframe.week1.open(containing: minute)
        let minutes = try await candles(symbol, .minute1, from: hour, before: minute, now: now)
        let hours = try await candles(symbol, .hour1, from: day, before: hour, now: now)
        let days = try await candles(symbol, .day1, from: week, before: day, now: now)
        var seeds: [Timeframe: [Candle]] = [:]
        for timeframe in Timeframe.allCases where timeframe != .minute1 {
            let open = timeframe.open(containing: minute)
            seeds[timeframe] = (days + hours + minutes).filter { $0.openTime >= open }
        }
        return seeds
    }

    /// The id of the first print in or after `minute`.
    private func firstID(_ symbol: Symbol, since minute: Timestamp) async throws(BinanceError) -> Int64 {
        if let first = try await rest.aggregateTrades(symbol, from: minute, limit: 1).first {
            return max(first.firstTradeID, 0)
        }
        let newest = try await rest.historicalTrades(symbol, limit: 1).last?.id
        return max(newest ?? 0, 0) &+ 1
    }
}
