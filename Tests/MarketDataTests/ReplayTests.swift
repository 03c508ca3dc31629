import Domain
import Foundation
import Store
import TestKit
import Testing

@testable import ExchangeSim

/// Every recording through the stand-in exchange, a real WebSocket and the service, into Postgres.
@Suite(.serialized, .enabled(if: Repository.recordings != nil, "the recordings are not beside this checkout"))
struct ReplayTests {
    @Test(.timeLimit(.minutes(10)))
    func `all markets of 2021, with losses, disorder, repeats and disconnects, are stored as the files say`()
        async throws
    {
        let folder = try #require(Repository.recordings).appending(path: "market/binance-spot-2021")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix("-1m.csv.gz") }.sorted().map { folder.appending(path: $0) }
        let markets = try files.map { try RecordedMarket($0) }
        #expect(markets.count == 14)
        var settings = ExchangeSettings(mode: .replay(files.map(\.path)))
        settings.pace = .stepped
        settings.quotesAroundTrades = false
        try await ServiceRig.run(settings, symbols: markets.map(\.symbol)) { rig in
            let (program, port) = try await rig.start()
            try await rig.ready(port)
            let end = (markets.map(\.end).max() ?? .zero) + .minutes(2)
            try await play(rig, port, through: end, step: .minutes(120), disconnectEvery: 30)
            for market in markets {
                for timeframe in [Timeframe.minute5, .hour1] {
                    try await compare(
                        rig, market.symbol, Recording.wider(market.minutes, timeframe), timeframe, before: market.end)
                }
                try await compareRecorded(rig, market)
            }
            try await expectHalt(rig, markets)
            #expect(try await rig.metric("plimsoll_source_reconnects_total", port: port) >= 6)
            #expect(try await rig.metric("plimsoll_source_gaps_total", port: port) > 14)
            #expect(try await rig.metric("plimsoll_prints_refused_total", "duplicate", port: port) > 1000)
            for reason in ["price_jump", "out_of_order", "future", "unknown_id", "non_positive"] {
                #expect(try await rig.metric("plimsoll_prints_refused_total", reason, port: port) == 0, "\(reason)")
            }
            #expect(try await program.terminate() == 0)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `the frames of 2024, with losses, disorder, repeats and disconnects, are stored as the trades say`()
        async throws
    {
        let data = try #require(Repository.recordings)
        let files = ["btcusdt-20240808", "btcusdt-20240809", "ethusdt-20240808"].map {
            data.appending(path: "messages/binance/ws/spot-\($0).jsonl.gz").path
        }
        let symbols = try ["BTCUSDT", "ETHUSDT"].map { try #require(Symbol($0)) }
        var settings = ExchangeSettings(mode: .replay(files))
        settings.pace = .stepped
        try await ServiceRig.run(settings, symbols: symbols) { rig in
            let (program, port) = try await rig.start()
            try await rig.ready(port)
            let lastTrade = Timestamp(seconds: 1_723_161_900)  // 2024-08-09 00:05
            try await play(rig, port, through: lastTrade, step: .seconds(5), disconnectEvery: 25)
            try await rig.exchange.advance(to: lastTrade + .minutes(60))
            for symbol in symbols {
                let trades = try Recording.trades(
                    data.appending(path: "market/binance-ticks-2024/\(symbol)-spot-trade.csv.gz"), symbol: symbol)
                for timeframe in [Timeframe.minute5, .hour1] {
                    // Without the number of trades, which is not stored of the exchange's own candles.
                    let expected = plainCandles(trades, timeframe).mapValues { Array($0.dropLast()) }
                    try await compare(rig, symbol, expected, timeframe, before: lastTrade)
                }
            }
            #expect(try await rig.metric("plimsoll_source_reconnects_total", port: port) >= 4)
            #expect(try await rig.metric("plimsoll_prints_refused_total", "out_of_order", port: port) == 0)
            #expect(try await program.terminate() == 0)
        }
    }

    /// Plays the recording in steps as fast as the service takes it, with everything that can go wrong on the way.
    private func play(
        _ rig: ServiceRig, _ port: Int, through end: Timestamp, step: Timestamp.Span, disconnectEvery: Int
    ) async throws {
        try await rig.exchange.with { exchange in
            exchange.faults.dropShare = 0.000_05
            exchange.faults.duplicateShare = 0.02
            exchange.faults.reorderShare = 0.02
        }
        var time = try await rig.exchange.now
        var steps = 0
        while time < end {
            time = min(time + step, end)
            steps += 1
            if steps % disconnectEvery == 0 {
                let abruptly = steps % (2 * disconnectEvery) == 0
                try await rig.exchange.with { $0.streams.closeAll(abruptly: abruptly) }
            }
            try await rig.exchange.advance(to: time)
            guard steps % 10 == 0 else { continue }
            _ = try await eventually("the connection stands", within: .seconds(60)) {
                try await rig.exchange.with { $0.streams.count } > 0 ? true : nil
            }
            _ = try await eventually("the database keeps up", within: .seconds(120)) {
                try await rig.metric("plimsoll_candles_waiting", port: port) < 20_000 ? true : nil
            }
        }
        try await rig.exchange.with { $0.faults.dropShare = 0 }
    }

    /// The stored candles that close by `end` are these and no others, but for such without volume.
    private func compare(
        _ rig: ServiceRig, _ symbol: Symbol, _ expected: Recording.Bars, _ timeframe: Timeframe, before end: Timestamp
    ) async throws {
        let whole = expected.filter { $0.key + timeframe.span <= end }
        let last = try #require(whole.keys.max())
        _ = try await eventually("\(symbol) \(timeframe.rawValue) is stored to the end", within: .seconds(180)) {
            try await rig.stores(symbol, timeframe, at: last) ? true : nil
        }
        let stored = try await rig.candles(symbol, timeframe).mapValues(\.figures)
        var wrong: [String] = []
        for (time, candle) in whole where stored[time] != candle {
            wrong.append("\(time): \(candle), stored \(stored[time] ?? [])")
        }
        #expect(wrong.sorted().prefix(3) == [], "\(symbol) \(timeframe.rawValue): \(wrong.count)")
        let others = stored.filter { $0.key + timeframe.span <= end && whole[$0.key] == nil && $0.value[4] != 0 }
        #expect(others.keys.sorted().prefix(3) == [], "\(symbol) \(timeframe.rawValue)")
    }

    /// The stored five minutes equal the recorded ones, but for the slots that MANIFEST.md names, in which the exchange's own
    /// 1m series holds less than its 5m series.
    private func compareRecorded(_ rig: ServiceRig, _ market: RecordedMarket) async throws {
        let stored = try await rig.candles(market.symbol, .minute5).mapValues(\.figures)
        let first = try #require(market.minutes.keys.min())
        var compared = 0
        var wrong: [Timestamp] = []
        for (time, bar) in market.fives where time >= first && time + .minutes(5) <= market.end {
            if RecordedMarket.isFaulty(time) { continue }
            compared += 1
            guard let candle = stored[time], candle.dropLast() == bar.dropLast(),
                // What is left of binary floating point adds up over five minutes; no lot is finer.
                abs(candle[4] - bar[4]) < 100
            else {
                wrong.append(time)
                continue
            }
        }
        #expect(wrong.sorted().prefix(3) == [], "\(market.symbol): \(wrong.count)")
        #expect(compared > 5900, "\(market.symbol)")
    }

    /// The halt of 2021-04-25 is the only stretch without bars, from 04:01 or 04:02 to 08:45 UTC, as the files say.
    private func expectHalt(_ rig: ServiceRig, _ markets: [RecordedMarket]) async throws {
        for market in markets {
            let rows = try await rig.records.query(
                "SELECT from_ns, to_ns FROM candle_gaps WHERE symbol = $1", [market.symbol])
            let gaps = try rows.map { try $0.int64("from_ns")..<(try $0.int64("to_ns")) }
            #expect(gaps == [market.halt], "\(market.symbol)")
        }
        let events = try await rig.records.query(
            "SELECT count(*) AS count FROM events WHERE type = 'suite.event' AND body->>'kind' = 'gap_reported'")
        #expect(try events.first?.int64("count") == Int64(markets.count))
    }
}

/// The recorded bars of one market.
struct RecordedMarket {
    let symbol: Symbol
    let minutes: Recording.Bars
    let fives: Recording.Bars
    /// Where its last minute ends.
    let end: Timestamp
    /// The stretch around 2021-04-25 06:00 without minutes, in nanoseconds.
    let halt: Range<Int64>

    init(_ file: URL) throws {
        let name = file.lastPathComponent.prefix { $0 != "-" }
        symbol = try #require(Symbol(name))
        minutes = try Recording.bars(file)
        fives = try Recording.bars(file.deletingLastPathComponent().appending(path: "\(name)-5m.csv.gz"))
        end = try #require(minutes.keys.max()) + .minutes(1)
        let midst = Timestamp(seconds: 1_619_330_400)
        let before = try #require(minutes.keys.filter { $0 < midst }.max()) + .minutes(1)
        let after = try #require(minutes.keys.filter { $0 > midst }.min())
        #expect(after == Timestamp(seconds: 1_619_340_300))
        halt = before.nanoseconds..<after.nanoseconds
    }

    /// The five-minute slots that MANIFEST.md names.
    static func isFaulty(_ time: Timestamp) -> Bool {
        let first = Timestamp(seconds: 1_619_057_400)...Timestamp(seconds: 1_619_058_000)
        let second = Timestamp(seconds: 1_619_142_000)...Timestamp(seconds: 1_619_145_900)
        return first.contains(time) || second.contains(time)
    }
}
