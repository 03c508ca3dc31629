import Domain
import Foundation
import MarketDataCore
import ServiceKit
import TestKit
import Testing

@testable import MarketDataApp

@Suite struct CandleBacklogTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    private func candle(_ minute: Int64) -> Candle {
        let price = Price(raw: 100)
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: Timestamp(seconds: minute * 60), open: price, high: price,
            low: price, close: price, volume: .zero, tradeCount: 0, isFinal: true)
    }

    @Test func `what is stored leaves, what came meanwhile stays`() {
        var backlog = CandleBacklog()
        #expect(backlog.add([candle(1), candle(2)]) == 0)
        let work = backlog.next(limit: 500)
        #expect(work == .candles([candle(1), candle(2)]))
        #expect(backlog.add([candle(3)]) == 0)
        if let work { backlog.done(work) }
        #expect(backlog.next(limit: 500) == .candles([candle(3)]))
    }

    @Test func `the oldest are given up when there is no room, and remembered`() {
        var backlog = CandleBacklog(candlesMax: 10)
        var dropped = backlog.add((0..<10).map { candle($0) })
        #expect(dropped == 0)
        let inFlight = backlog.next(limit: 4)
        dropped = backlog.add([candle(10)])
        #expect(dropped == 2)
        #expect(backlog.lost[symbol] == candle(0).openTime)
        if let inFlight { backlog.done(inFlight) }
        #expect(backlog.next(limit: 500) == .candles((4...10).map { candle($0) }))
        #expect(backlog.takeLost(symbol) == candle(0).openTime)
        #expect(backlog.takeLost(symbol) == nil)
    }

    @Test func `gaps wait behind candles`() {
        var backlog = CandleBacklog()
        let gap = CandleGap(symbol: symbol, from: .zero, to: Timestamp(seconds: 60))
        backlog.add(gap)
        #expect(backlog.add([candle(1)]) == 0)
        #expect(backlog.next(limit: 5) == .candles([candle(1)]))
        backlog.done(.candles([candle(1)]))
        #expect(backlog.next(limit: 5) == .gap(gap))
        backlog.done(.gap(gap))
        #expect(backlog.isEmpty)
    }
}

@Suite struct MarketDataSettingsTests {
    @Test func `every fault is reported at once, with key and what is allowed`() throws {
        let settings = try Settings(
            yaml: """
                exchange:
                  name: kraken9
                  rest_url: ftp://example.com
                  symbols: [btcusdt, ETHUSDT, ETHUSDT]
                market_data:
                  {stale_after: 10ms, price_jump_limit: 20, backfill: soon, candle_retention: {1m: 5s, 2m: 9d}}
                """, file: "test.yaml")
        let reader = settings.reader
        _ = MarketDataSettings(reader)
        let error = #expect(throws: SettingsError.self) { try reader.finish() }
        let keys = Set((error?.faults ?? []).compactMap(\.key))
        #expect(
            keys == [
                "exchange.name", "exchange.rest_url", "exchange.websocket_url", "exchange.symbols",
                "market_data.stale_after", "market_data.price_jump_limit", "market_data.backfill",
                "market_data.candle_retention.1m", "market_data.candle_retention.2m",
            ])
    }

    @Test func `the settings of the repository are good`() throws {
        let settings = try Settings.load(path: Repository.root.appending(path: "config/plimsoll.yaml").path)
        let reader = settings.reader
        let read = MarketDataSettings(reader)
        try reader.finish()
        #expect(read.symbols.count == 5)
        #expect(read.limits.gate.jump == Ratio(1, over: 2))
        #expect(read.backfill == .days(2))
        #expect(read.retention == [.minute1: .days(90), .minute5: .days(365)])
    }

    @Test func `candles are kept as long as the map says, and never shorter than the backfill`() throws {
        let settings = try Settings(
            yaml: """
                exchange: {name: binance, rest_url: "http://a", websocket_url: "ws://a", symbols: [BTCUSDT]}
                market_data: {backfill: 100d, candle_retention: {5m: 0s, 1h: 200d}}
                """, file: "test.yaml")
        let reader = settings.reader
        let read = MarketDataSettings(reader)
        try reader.finish()
        #expect(read.retention == [.minute1: .days(100), .hour1: .days(200)])
    }
}
