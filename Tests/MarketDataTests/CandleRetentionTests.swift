import Domain
import Logging
import MarketDataCore
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import MarketDataApp

@Suite struct CandleRetentionTests {
    @Test func `candles older than their timeframe is kept are removed in batches, all others stay`() async throws {
        let symbols = try ["BTCUSDT", "ETHUSDT"].map { try #require(Symbol($0)) }
        let newest = Timestamp(seconds: 1_619_827_200)
        try await withTestDatabase { test in
            let database = test.connect(.marketData)
            let records = CandleRecords(database)
            for symbol in symbols {
                // 2500 old minutes, one at the very limit, and one of a timeframe that is kept for ever.
                let minutes = (0..<2500).map { candle(symbol, .minute1, newest - .days(90) - .minutes(1 + Int64($0))) }
                let rest = [
                    candle(symbol, .minute1, newest - .days(90)), candle(symbol, .minute1, newest),
                    candle(symbol, .hour1, newest - .days(400)), candle(symbol, .hour1, newest),
                ]
                try await records.store(minutes + rest)
            }
            let metrics = Metrics()
            let retention = CandleRetention(
                records: records, symbols: symbols, kept: [.minute1: .days(90), .minute5: .days(365)],
                figures: MarketFigures(metrics, exchange: "binance", symbols: symbols), logger: Logger(label: "test"))
            try await retention.sweep()
            let rows = try await database.query(
                "SELECT symbol || ' ' || timeframe || ' ' || count(*) AS line FROM candles GROUP BY symbol, timeframe ORDER BY 1"
            )
            #expect(
                try rows.map { try $0.text("line") } == [
                    "BTCUSDT 1h 2", "BTCUSDT 1m 2", "ETHUSDT 1h 2", "ETHUSDT 1m 2",
                ])
            #expect(metrics.render().contains("plimsoll_retention_removed_total{table=\"candles_1m\"} 5000"))
            await database.close()
        }
    }

    private func candle(_ symbol: Symbol, _ timeframe: Timeframe, _ open: Timestamp) -> Candle {
        Candle(
            symbol: symbol, timeframe: timeframe, openTime: open, open: Price(raw: 1), high: Price(raw: 1),
            low: Price(raw: 1), close: Price(raw: 1), volume: .zero, tradeCount: 1, isFinal: true)
    }
}
