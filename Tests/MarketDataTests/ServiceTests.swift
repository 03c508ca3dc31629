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
            try await rig.ready(port)
            #expect(try await rig.metric("plimsoll_source_reconnects_total", port: port) >= 1)
            try await expectNoHoles(rig, minutes: 4)
            #expect(try await program.terminate() == 0)
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a market that says nothing is stale after its limit and lives again, and the others beside it live on`()
        async throws
    {
        let other = try #require(Symbol("ETHUSDT"))
        var settings = ExchangeSettings(mode: .generator([symbol, other]))
        settings.tradesPerSecond = 20
        settings.history = .minutes(60)
        try await ServiceRig.run(settings, symbols: [symbol, other], staleAfter: "1s", futureLimit: "5s") { rig in
            let (program, port) = try await rig.start()
            try await rig.ready(port)
            func stale(_ market: Symbol) async throws -> Double {
                try await rig.metric("plimsoll_source_stale", "symbol=\"\(market)\"", port: port)
            }
            let market = symbol
            try await rig.exchange.with { $0.faults.silentUntil[market] = $0.wallNow + .seconds(600) }
            let fell = ContinuousClock.now
            _ = try await eventually("BTCUSDT is stale", within: .seconds(20)) {
                try await stale(symbol) == 1 ? true : nil
            }
            #expect(ContinuousClock.now - fell > .seconds(2), "not before three times the limit of a connection")
            #expect(try await stale(other) == 0)
            #expect(try await rig.metric("plimsoll_source_message_age_seconds", "BTCUSDT", port: port) > 3)
            #expect(try await rig.metric("plimsoll_source_connected", port: port) == 2)
            let ready = try await rig.get("/health/ready", port: port)
            #expect(ready.status == 200, "one quiet market is no outage: \(ready.body)")
            try await rig.exchange.with { $0.faults.silentUntil[market] = nil }
            _ = try await eventually("BTCUSDT lives") { try await stale(symbol) == 0 ? true : nil }
            #expect(try await rig.metric("plimsoll_source_lag_seconds", "BTCUSDT", port: port) != 0)
            #expect(try await rig.metric("plimsoll_source_gaps_total", "BTCUSDT", port: port) >= 1)
            try await rig.exchange.with { $0.streams.closeAll(abruptly: true) }
            _ = try await eventually("the connection is made anew") {
                try await rig.metric("plimsoll_source_reconnects_total", port: port) == 1 ? true : nil
            }
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
            let killed = try await rig.exchange.now
            _ = try await eventually("three minutes pass without it") {
                try await rig.exchange.now >= killed + .minutes(3) ? true : nil
            }
            let (second, port) = try await rig.start("second")
            try await rig.ready(port)
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
            try await rig.ready(port)
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
