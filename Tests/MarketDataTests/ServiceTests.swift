import Domain
import Foundation
import Store
import TestKit
import Testing

@testable import ExchangeSim

/// The whole service over real sockets: exchange, Redis and Postgres.
@Suite(.serialized) struct ServiceTests {
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    @Test(
        .enabled(if: Repository.recordings != nil, "the recordings are not beside this checkout"),
        .timeLimit(.minutes(5)))
    func `a replay with losses, disorder, repeats and disconnects is stored as the files say`() async throws {
        let file = try #require(Repository.recordings).appending(
            path: "market/binance-spot-2021/BTCUSDT-1m.csv.gz")
        let end = Timestamp(seconds: 1_619_352_000)  // 2021-04-25 12:00, behind the halt
        let bars = try Recording.bars(file, symbol: symbol, timeframe: .minute1).filter { $0.closeTime <= end }
        var settings = ExchangeSettings(mode: .replay([file.path]))
        settings.pace = .stepped
        try await ServiceRig.run(settings, symbols: [symbol]) { rig in
            let (program, port) = try await rig.start()
            try await waitForAnchor(rig, port)
            try await disturb(rig, through: end + .minutes(2))
            _ = try await eventually("the last hour is stored", within: .seconds(90)) {
                try await rig.candles(symbol, .hour1)[end - .minutes(60)]
            }
            for timeframe in [Timeframe.minute1, .minute5, .hour1] {
                try await compare(rig, StoredCandle.plain(bars, timeframe), timeframe, before: end)
            }
            try await expectHalt(rig)
            #expect(try await rig.metric("plimsoll_prints_refused_total", "price_jump", port: port) == 0)
            #expect(try await rig.metric("plimsoll_source_reconnects_total", port: port) > 2)
            #expect(try await program.terminate() == 0)
        }
    }

    /// Plays the recording in steps of six hours, with everything that can go wrong on the way.
    private func disturb(_ rig: ServiceRig, through end: Timestamp) async throws {
        try await rig.exchange.with { exchange in
            exchange.faults.dropShare = 0.002
            exchange.faults.duplicateShare = 0.05
            exchange.faults.reorderShare = 0.05
        }
        var time = try await rig.exchange.now
        var step = 0
        while time < end {
            time = min(time + .minutes(120), end)
            try await rig.exchange.advance(to: time)
            step += 1
            let abruptly = step % 2 == 0
            if step % 12 == 5 { try await rig.exchange.with { $0.streams.closeAll(abruptly: abruptly) } }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await rig.exchange.with { $0.faults.dropShare = 0 }
    }

    private func waitForAnchor(_ rig: ServiceRig, _ port: Int) async throws {
        _ = try await eventually("market-data is ready", within: .seconds(30)) {
            try await rig.get("/health/ready", port: port).status == 200 ? true : nil
        }
    }

    private func compare(
        _ rig: ServiceRig, _ expected: [Timestamp: StoredCandle], _ timeframe: Timeframe, before end: Timestamp
    ) async throws {
        let stored = try await rig.candles(symbol, timeframe).filter { $0.key + timeframe.span <= end }
        #expect(stored.count == expected.count, "\(timeframe.rawValue)")
        for (time, candle) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(stored[time] == candle, "\(timeframe.rawValue) \(time)")
        }
    }

    private func expectHalt(_ rig: ServiceRig) async throws {
        let rows = try await rig.records.query("SELECT from_ns, to_ns FROM candle_gaps WHERE symbol = $1", [symbol])
        let gaps = try rows.map { [try $0.int64("from_ns"), try $0.int64("to_ns")] }
        #expect(gaps == [[1_619_323_260_000_000_000, 1_619_340_300_000_000_000]])
        let events = try await rig.records.query(
            "SELECT count(*) AS count FROM events WHERE type = 'suite.event' AND body->>'kind' = 'gap_reported'")
        #expect(try events.first?.int64("count") == 1)
    }

    @Test(.timeLimit(.minutes(3)))
    func `silence is noticed, the connection is made anew, and no minute is missing`() async throws {
        try await generated { rig, program, port in
            try await rig.exchange.with { $0.faults.allSilentUntil = $0.wallNow + .seconds(4) }
            _ = try await eventually("the source is down", within: .seconds(10)) {
                let stale = try await rig.metric("plimsoll_source_stale", port: port)
                let connected = try await rig.metric("plimsoll_source_connected", port: port)
                return stale == 1 || connected == 0 ? true : nil
            }
            #expect(try await rig.get("/health/ready", port: port).status == 503)
            try await waitForAnchor(rig, port)
            #expect(try await rig.metric("plimsoll_source_reconnects_total", port: port) >= 1)
            try await expectNoHoles(rig, minutes: 4)
            #expect(try await program.terminate() == 0)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `malformed frames are counted and the next good one is used`() async throws {
        try await generated { rig, program, port in
            try await rig.exchange.with { $0.faults.garbledFrames = 5 }
            _ = try await eventually("five frames are refused") {
                try await rig.metric("plimsoll_frames_refused_total", port: port) == 5 ? true : nil
            }
            let before = try await rig.metric("plimsoll_prints_total", port: port)
            _ = try await eventually("prints go on") {
                try await rig.metric("plimsoll_prints_total", port: port) > before ? true : nil
            }
            try await expectNoHoles(rig, minutes: 2)
            #expect(try await program.terminate() == 0)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a kill and a restart leave no hole`() async throws {
        try await generated { rig, program, _ in
            try await program.kill()
            try await Task.sleep(for: .seconds(3))
            let (second, port) = try await rig.start("second")
            try await waitForAnchor(rig, port)
            try await expectNoHoles(rig, minutes: 6)
            #expect(try await second.terminate() == 0)
        }
    }

    /// A generated market at sixty times the speed of time, with the service ready.
    private func generated(
        _ body: (ServiceRig, RunningProgram, Int) async throws -> Void
    ) async throws {
        var settings = ExchangeSettings(mode: .generator([symbol]))
        settings.pace = .running(60)
        settings.history = .minutes(180)
        try await ServiceRig.run(settings, symbols: [symbol], staleAfter: "1s") { rig in
            let (program, port) = try await rig.start()
            try await waitForAnchor(rig, port)
            try await body(rig, program, port)
        }
    }

    /// So many further minutes pass, and then every stored minute equals the exchange's own, without a hole.
    private func expectNoHoles(_ rig: ServiceRig, minutes: Int64) async throws {
        let target = Timeframe.minute1.open(containing: try await rig.exchange.now) + .minutes(minutes)
        _ = try await eventually("the minutes up to \(target) are stored", within: .seconds(60)) {
            try await rig.candles(symbol, .minute1)[target]
        }
        let stored = try await rig.candles(symbol, .minute1)
        let first = try #require(stored.keys.min())
        let market = symbol
        let bars = try await rig.exchange.with { exchange in
            exchange.tapes[market]?.klines(.minute1, from: first, through: target, limit: 100_000) ?? []
        }
        #expect(Int64(bars.count) == (target - first).nanoseconds / 60_000_000_000 + 1)
        for bar in bars {
            let expected = StoredCandle(
                open: bar.open, high: bar.high, low: bar.low, close: bar.close,
                volume: Quantity(raw: Int64(clamping: bar.volume)), source: "")
            #expect(stored[bar.openTime] == expected, "\(bar.openTime)")
        }
    }
}
