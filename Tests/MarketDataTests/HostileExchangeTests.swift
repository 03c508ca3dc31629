import Domain
import Exchanges
import Foundation
import ServiceKit
import TestKit
import Testing

@testable import ExchangeSim

/// Whatever the exchange sends over its sockets: nothing breaks, everything is counted by reason, the next good one is used.
@Suite(.serialized) struct HostileExchangeTests {
    private static let frames = 5000
    let symbol: Symbol
    init() throws { symbol = try #require(Symbol("BTCUSDT")) }

    /// A market at the speed of time, with the service ready.
    private func market(
        pace: ExchangeSettings.Pace, _ body: (ServiceRig, Int) async throws -> Void
    ) async throws {
        var settings = ExchangeSettings(mode: .generator([symbol]))
        settings.pace = pace
        settings.tradesPerSecond = 10
        // So far back that a step does not lead into the future.
        if pace == .stepped { settings.start = SystemClock().now() - .minutes(10) }
        settings.history = .minutes(60)
        try await ServiceRig.run(settings, symbols: [symbol], futureLimit: "5s") { rig in
            let (program, port) = try await rig.start()
            try await rig.ready(port)
            try await body(rig, port)
            #expect(try await program.terminate() == 0)
        }
    }

    private func send(_ texts: [String], _ rig: ServiceRig) async throws {
        try await rig.exchange.with { exchange in
            for text in texts {
                exchange.streams.publish(
                    "btcusdt@trade", text, .send(times: 1, hold: false, garbled: false), lagMilliseconds: 0)
            }
            exchange.streams.flush()
        }
    }

    @Test("5,000 hostile frames: each is counted by its reason, and the next good one is used", .timeLimit(.minutes(3)))
    func frames() async throws {
        try await market(pace: .running(1)) { rig, port in
            var random = SeededRandom(seed: 20_261_122)
            let bad = (0..<Self.frames).map { _ in frame(&random) }
            var expected: [String: Int] = [:]
            for text in bad { expected[reason(text), default: 0] += 1 }
            print("seed \(random.seed): \(bad.count) frames: \(expected.sorted { $0.key < $1.key })")
            #expect(expected["none"] == nil && expected.count >= 4)
            for start in stride(from: 0, to: bad.count, by: 500) {
                try await send(Array(bad[start..<start + 500]), rig)
            }
            _ = try await eventually("all are counted", within: .seconds(60)) {
                try await rig.metric("plimsoll_frames_refused_total", port: port) >= Double(bad.count) ? true : nil
            }
            for (reason, count) in expected {
                let counted = try await rig.metric("plimsoll_frames_refused_total", "reason=\"\(reason)\"", port: port)
                #expect(counted == Double(count), "\(reason)")
            }
            #expect(try await rig.metric("plimsoll_frames_refused_total", port: port) == Double(bad.count))
            let before = try await rig.metric("plimsoll_prints_total", port: port)
            _ = try await eventually("good ones are used") {
                try await rig.metric("plimsoll_prints_total", port: port) > before ? true : nil
            }
        }
    }

    /// A frame about a market that nobody asked for, mostly damaged.
    private func frame(_ random: inout SeededRandom) -> String {
        let samples = [
            #"{"e":"trade","E":1,"s":"XXXUSDT","t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true,"M":true}"#,
            #"{"u":5,"s":"XXXUSDT","b":"1.0","B":"2.0","a":"1.1","A":"3.0"}"#,
            #"{"e":"kline","s":"XXXUSDT","k":{"t":1,"i":"1m","o":"1","c":"1","h":"1","l":"1","v":"1","n":1,"x":true}}"#,
            "null", "[]", "\"text\"", "12", "{}", String(repeating: "[", count: 60),
            #"{"e":"trade","s":"BTCUSDT","t":"9","p":1e400,"q":"-","T":true,"m":0}"#,
            #"{"s":"BTCUSDT","u":1,"b":"100","B":"1","a":"99","A":"1"}"#,
        ]
        var bytes = Array((samples.randomElement(using: &random) ?? "").utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            // Letters of a market stay: no damage makes this one that is followed.
            case 0: bytes[place] = UInt8.random(in: 33...64, using: &random)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
            default: bytes.insert(contentsOf: "{\"[\\,:-9.u0".utf8.shuffled(using: &random).prefix(3), at: place)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a frame must be counted as; "none" for one that would be used.
    private func reason(_ text: String) -> String {
        do throws(BinanceFrameError) {
            switch try BinanceFrame.decode("{\"stream\":\"btcusdt@trade\",\"data\":\(text)}") {
            case .trade(let print): return print.symbol == symbol ? "none" : "unknown_symbol"
            case .bookTicker(let ticker):
                guard ticker.symbol == symbol else { return "unknown_symbol" }
                return ticker.bid.isPositive && ticker.ask > ticker.bid ? "none" : "crossed_quote"
            case .kline, .executionReport, .listStatus, .accountPosition, .reply, .listenKeyExpired, .ignored:
                return "unexpected"
            }
        } catch {
            return error.reason
        }
    }

    @Test(
        "Prints of every hostile kind: each reason's counter moves, and the next good one is used",
        .timeLimit(.minutes(4)))
    func prints() async throws {
        try await market(pace: .stepped) { rig, port in
            let now = try await rig.exchange.now
            try await rig.exchange.advance(to: now + .seconds(20))
            let last = try await lastPrint(rig)
            _ = try await eventually("the last print is there") {
                try await rig.metric("plimsoll_price", port: port) == last.price.approximate ? true : nil
            }
            let hostile = Injection(last)
            try await send([hostile.print(0)], rig)  // a repeat
            try await send([hostile.print(1, price: "0"), hostile.print(2, quantity: "-1")], rig)
            try await send([hostile.print(3, price: "9999999"), hostile.print(4)], rig)
            try await send([hostile.print(5, seconds: 3600)], rig)
            try await send([hostile.print(5, seconds: -3600), hostile.print(6)], rig)
            try await expect(
                rig, port,
                [
                    "duplicate": 1, "non_positive": 2, "price_jump": 1, "future": 1, "out_of_order": 1, "unknown_id": 0,
                    "overflow": 0,
                ])
            // From nowhere, and more than can wait, while the exchange answers no questions.
            try await rig.exchange.with { $0.faults.limit = Faults.Limit(status: 429, retryAfter: 1, count: 1_000_000) }
            for start in stride(from: 0, to: 20_005, by: 500) {
                try await send((start..<min(start + 500, 20_005)).map { hostile.print(1_000_000 + Int64($0)) }, rig)
            }
            try await expect(rig, port, ["overflow": 5])
            try await rig.exchange.with { $0.faults.limit = nil }
            try await expect(rig, port, ["unknown_id": 20_000])
            let before = try await rig.metric("plimsoll_prints_total", port: port)
            try await rig.exchange.advance(to: now + .seconds(140))
            _ = try await eventually("good ones are used", within: .seconds(90)) {
                try await rig.metric("plimsoll_prints_total", port: port) > before + 100 ? true : nil
            }
            let next = Timeframe.minute1.open(containing: now + .seconds(20))
            _ = try await eventually("the minute is final", within: .seconds(60)) {
                try await rig.candles(symbol, .minute1)[next]
            }
        }
    }

    private func lastPrint(_ rig: ServiceRig) async throws -> Print {
        let market = symbol
        return try #require(try await rig.exchange.with { $0.tapes[market]?.lastPrint })
    }

    private func expect(_ rig: ServiceRig, _ port: Int, _ counts: [String: Double]) async throws {
        for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
            _ = try await eventually("\(reason) is \(count)", within: .seconds(90)) {
                try await rig.metric("plimsoll_prints_refused_total", "reason=\"\(reason)\"", port: port) == count
                    ? true : nil
            }
        }
    }

    @Test("4 answers of the REST interface cut off: each is counted, then history is filled", .timeLimit(.minutes(3)))
    func bodies() async throws {
        var settings = ExchangeSettings(mode: .generator([symbol]))
        settings.history = .minutes(60)
        try await ServiceRig.run(settings, symbols: [symbol], futureLimit: "5s") { rig in
            try await rig.exchange.with { $0.faults.garbledBodies = 4 }
            let (program, port) = try await rig.start()
            try await rig.ready(port)
            let failures = "plimsoll_exchange_request_failures_total"
            #expect(try await rig.metric(failures, "undecodable", port: port) == 4)
            #expect(try await rig.metric(failures, port: port) == 4)
            #expect(try await !rig.candles(symbol, .minute1).isEmpty)
            #expect(try await program.terminate() == 0)
        }
    }
}

/// Prints as frames, one behind the other from a real one on.
private struct Injection: Sendable {
    let last: Print
    init(_ last: Print) { self.last = last }

    func print(_ step: Int64, price: String? = nil, quantity: String = "0.5", seconds: Int64 = 0) -> String {
        let time = last.time.milliseconds + seconds * 1000
        return """
            {"e":"trade","E":\(time),"s":"\(last.symbol)","t":\(last.id + step),"p":"\(price ?? "\(last.price)")",\
            "q":"\(quantity)","T":\(time),"m":false,"M":true}
            """
    }
}
