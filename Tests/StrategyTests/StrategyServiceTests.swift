import Domain
import Foundation
import ServiceKit
import Store
import StoreTestKit
import StrategyCore
import TestKit
import Testing

@testable import StrategyApp

/// Fails at the third bar.
private struct FailsAtThree: Strategy {
    struct Broken: Error {}
    var window: Int { 1 }
    var count = 0
    mutating func next(_ bar: Bar) throws -> Intent? {
        count += 1
        if count == 3 { throw Broken() }
        return nil
    }
    mutating func reset() {}
}

@Suite("The strategy service", .timeLimit(.minutes(3)))
struct StrategyServiceTests {
    private func expected(_ candles: [Candle], from first: Int, to last: Int) throws -> [Signal] {
        var runner = StrategyRunner([try .momentum(symbols: [candles[0].symbol])])
        return runner.signals(candles[..<last]).filter { $0.candleClose > candles[first].openTime }
    }

    @Test("final candles become signals, once each, and the progress is a row")
    func live() async throws {
        try await withHarness { harness in
            let candles = Market.walk(120, seed: 41, symbol: harness.symbol)
            try await harness.listen(books: true)
            try await harness.store(candles[..<60])
            try await harness.withService { _ in
                for candle in candles[60...] {
                    var forming = candle
                    forming.isFinal = false
                    harness.publish(forming)
                    try await harness.store([candle])
                    harness.publish(candle)
                }
                let wanted = try expected(candles, from: 60, to: 120)
                #expect(wanted.count > 5)
                _ = try await eventually("all signals") {
                    Set(harness.signals).count == wanted.count ? true : nil
                }
                #expect(Set(harness.signals) == Set(wanted))
                _ = try await eventually("the row") {
                    try await harness.row()?.lastClose == candles[119].closeTime ? true : nil
                }
            }
        }
    }

    @Test("closes while it was away are evaluated at the start, and candles the bus lost come from the table")
    func awayAndHole() async throws {
        try await withHarness { harness in
            let candles = Market.walk(200, seed: 42, symbol: harness.symbol)
            try await harness.listen(books: true)
            try await harness.store(candles[..<50])
            try await harness.withService { _ in
                try await harness.store(candles[50..<60])
                for candle in candles[50..<60] { harness.publish(candle) }
                _ = try await eventually("the row") {
                    try await harness.row()?.lastClose == candles[59].closeTime ? true : nil
                }
            }
            try await harness.store(candles[60..<120])
            try await harness.withService { _ in
                try await harness.store(candles[120..<200])
                harness.publish(candles[199])
                let wanted = try expected(candles, from: 50, to: 200)
                _ = try await eventually("all signals") {
                    Set(harness.signals.map(\.id)) == Set(wanted.map(\.id)) ? true : nil
                }
            }
        }
    }

    @Test("a signal nobody books is said again, and its close evaluated again after a restart")
    func unanswered() async throws {
        try await withHarness { harness in
            let candles = Market.walk(100, seed: 43, symbol: harness.symbol)
            try await harness.listen(books: false)
            try await harness.store(candles[..<50])
            var exit: Signal?
            try await harness.withService { hosted in
                for candle in candles[50...] {
                    try await harness.store([candle])
                    harness.publish(candle)
                }
                let wanted = try expected(candles, from: 50, to: 100).last { $0.action == .exit }
                exit = wanted
                _ = try await eventually("said three times") {
                    harness.signals.filter { $0 == wanted }.count >= 3 ? true : nil
                }
                #expect(hosted.context.metrics.render().contains("plimsoll_signals_unanswered"))
            }
            let signal = try #require(exit)
            let before = harness.signals.count
            try await harness.withService { _ in
                _ = try await eventually("said again after the restart") {
                    harness.signals.dropFirst(before).contains(signal) ? true : nil
                }
                for open in Set(harness.signals) { try await harness.book(open) }
                _ = try await eventually("the progress passes it") {
                    try await harness.row()?.lastClose == candles[99].closeTime ? true : nil
                }
            }
        }
    }

    @Test("a strategy that fails is a stopped row, one event for people, and a gauge at zero")
    func failure() async throws {
        try await withHarness { harness in
            let candles = Market.walk(10, seed: 44, symbol: harness.symbol)
            try await harness.listen(books: false)
            try await harness.withService(rule: FailsAtThree()) { hosted in
                try await harness.store(candles)
                harness.publish(candles[0])
                _ = try await eventually("stopped") { try await harness.row()?.state == "stopped" ? true : nil }
                let row = try await harness.row()
                #expect(row?.reason == "Broken()")
                let events = try await harness.riskManager.query(
                    "SELECT body->>'kind' AS kind, body->'labels'->>'symbol' AS symbol FROM events")
                #expect(events.count == 1)
                #expect(try events.first?.text("kind") == "strategy_stopped")
                #expect(try events.first?.symbol("symbol") == harness.symbol)
                #expect(hosted.context.metrics.render().contains("plimsoll_strategy_running{strategy=\"m\"} 0"))
            }
        }
    }

    @Test("every faulty setting of the section is named at once")
    func settings() throws {
        let settings = try Settings(
            yaml: """
                exchange: {symbols: [BTCUSDT]}
                strategy:
                  instances:
                    - {id: Big, kind: magic, timeframe: 2m, symbols: [ETHUSDT], parameters: {fast: 9, slow: 5}}
                    - {id: same, kind: momentum, timeframe: 1m, symbols: [BTCUSDT], parameters: {stop_atr: x, speed: 1}}
                    - {id: same, kind: momentum, timeframe: 1m, symbols: [BTCUSDT]}
                """)
        let reader = settings.reader
        _ = StrategySettings(reader)
        let error = #expect(throws: SettingsError.self) { try reader.finish() }
        let keys = error?.faults.compactMap(\.key) ?? []
        for key in [
            "strategy.instances[0].id", "strategy.instances[0].kind", "strategy.instances[0].timeframe",
            "strategy.instances[0].symbols", "strategy.instances[0].parameters.fast",
            "strategy.instances[1].parameters.stop_atr", "strategy.instances[1].parameters.speed",
            "strategy.instances[2].id",
        ] { #expect(keys.contains(key), "\(key)") }
        #expect(Set(keys).count == 8, "\(keys)")
    }
}

@Suite("The strategy program", .timeLimit(.minutes(5)))
struct StrategyProgramTests {
    @Test("killed at any moment, with every fifth candle lost on the bus: every close is booked once, none is missed")
    func crashes() async throws {
        try await withHarness { try await crash($0) }
    }

    private func crash(_ harness: StrategyHarness) async throws {
        let candles = Market.walk(400, seed: 51, symbol: harness.symbol)
        let folder = FileManager.default.temporaryDirectory.appending(path: "strategy-\(harness.symbol)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "plimsoll.yaml")
        try harness.settings.write(to: file, atomically: true, encoding: .utf8)
        func start() throws -> RunningProgram {
            try RunningProgram(
                RunningProgram.product("strategy"), ["--config", file.path, "--listen", "127.0.0.1:0"],
                log: folder.appending(path: "log"))
        }
        try await harness.listen(books: true)
        try await harness.store(candles[..<40])
        var program = try start()
        // The row shows that the instance has begun, so that no later close is before its beginning.
        var position = 40
        while try await harness.row() == nil {
            try await harness.store([candles[position]])
            harness.publish(candles[position])
            position += 1
            // A close now and then, until the program has started; the time limit of the test is the limit.
            try await Task.sleep(for: .milliseconds(100))
        }
        let begun = try #require(try await harness.row()).lastClose
        var random = SeededRandom(seed: 51)
        for (index, candle) in candles[position...].enumerated() {
            try await harness.store([candle])
            if index % 5 != 3 { harness.publish(candle) }
            if index % 60 == 20 {
                try await program.kill()
                program = try start()
            }
            // How candles lie to the kills is the seed's.
            try await Task.sleep(for: .microseconds(Int.random(in: 100...30_000, using: &random)))
        }
        var runner = StrategyRunner([try .momentum(symbols: [harness.symbol])])
        // Every close is evaluated and said once at least; only what was said while risk-manager's ear was not there may
        // be lost, and of that an exit is said again for ever.
        let wanted = runner.signals(candles).filter { $0.candleClose > begun }
        let exits = Set(wanted.filter { $0.action == .exit }.map(\.id))
        _ = try await eventually("every exit is booked", within: .seconds(60)) {
            let booked = try await harness.riskManager.query("SELECT id FROM signals").map { try $0.text("id") }
            return exits.subtracting(booked).isEmpty ? true : nil
        }
        let booked = try await harness.riskManager.query("SELECT id FROM signals").map { try $0.text("id") }
        #expect(Set(booked).count == booked.count)
        #expect(Set(booked).isSubset(of: Set(wanted.map(\.id))))
        #expect(try await program.terminate() == 0)
    }
}
