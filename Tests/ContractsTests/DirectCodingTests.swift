import Domain
import Foundation
import TestKit
import Testing

@testable import Contracts

@Suite struct DirectCodingTests {
    private static let names = [
        "", "evt-1", "a\"b", "back\\slash", "tab\tnew\nline\r", "\u{0}\u{1}\u{1f}\u{7f}", "/slash/", "Zürich",
        "😀\u{2028}",
        "\u{8}\u{c}",
    ]
    private static let edges: [Int64] = [
        .min, .min + 1, -100_000_001, -1, 0, 1, 9, 10, 99_999_999, 100_000_000, 100_000_001, 1_234_500_000, .max - 1,
        .max,
    ]

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `prints are written as Foundation writes them, and read back`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 0...5, using: &random)
            let symbol = try Self.symbol(&random)
            let prints = try (0..<count).map { _ in try Self.print(&random) }
            try check(Self.envelope(PrintBatch(symbol: symbol, prints: prints), &random), seed)
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `quotes are written as Foundation writes them, and read back`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let quote = Quote(
                symbol: try Self.symbol(&random), bid: Price(raw: Self.number(&random)),
                bidQuantity: Quantity(raw: Self.number(&random)), ask: Price(raw: Self.number(&random)),
                askQuantity: Quantity(raw: Self.number(&random)), time: Timestamp(nanoseconds: Self.number(&random)))
            try check(Self.envelope(QuoteUpdate(quote: quote), &random), seed)
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `candles are written as Foundation writes them, and read back`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let candle = Candle(
                symbol: try Self.symbol(&random), timeframe: Timeframe.allCases.randomElement(using: &random) ?? .hour1,
                openTime: Timestamp(nanoseconds: Self.number(&random)), open: Price(raw: Self.number(&random)),
                high: Price(raw: Self.number(&random)), low: Price(raw: Self.number(&random)),
                close: Price(raw: Self.number(&random)), volume: Quantity(raw: Self.number(&random)),
                tradeCount: Self.number(&random), isFinal: Bool.random(using: &random),
                revision: Int(Self.number(&random)),
                source: [.trades, .klines, .mixed].randomElement(using: &random) ?? .trades)
            try check(Self.envelope(CandleUpdate(candle: candle), &random), seed)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `whatever the direct reader makes of mutilated bytes, Foundation makes the same of them`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let prints = try MessageCodec.encode(Samples.envelope(Samples.prints))
        let quote = try MessageCodec.encode(Samples.envelope(Samples.quote))
        let candle = try MessageCodec.encode(Samples.envelope(Samples.candle))
        for _ in 0..<4000 {
            agree(Self.mutilated(candle, &random), as: CandleUpdate.self, seed)
            agree(Self.mutilated(prints, &random), as: PrintBatch.self, seed)
            agree(Self.mutilated(quote, &random), as: QuoteUpdate.self, seed)
        }
    }

    @Test func `another type, another version and an oversized message are refused`() throws {
        let quote = try MessageCodec.encode(Samples.envelope(Samples.quote))
        #expect(throws: MessageCodec.Failure.self) { try MessageCodec.decode(quote, as: PrintBatch.self) }
        let other = String(decoding: quote, as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
        #expect(throws: MessageCodec.Failure.unexpected(type: "quote", version: 2)) {
            try MessageCodec.decode(Array(other.utf8), as: QuoteUpdate.self)
        }
        let large = [UInt8](repeating: 32, count: MessageCodec.maximumBytes + 1)
        #expect(throws: MessageCodec.Failure.tooLarge(large.count)) {
            try MessageCodec.decode(large, as: QuoteUpdate.self)
        }
    }

    private func check<Body: Message>(_ envelope: Envelope<Body>, _ seed: UInt64) throws {
        let direct = try #require(Body.encodeDirectly(envelope))
        let general = try MessageCodec.encodeGenerally(envelope)
        #expect(
            String(decoding: direct, as: UTF8.self) == String(decoding: general, as: UTF8.self), "seed \(seed)")
        #expect(try MessageCodec.decode(direct, as: Body.self) == envelope, "seed \(seed)")
    }

    private func agree<Body: Message>(_ bytes: [UInt8], as body: Body.Type, _ seed: UInt64) {
        guard let direct = Body.decodeDirectly(bytes) else { return }
        let general: Envelope<Body>? = try? MessageCodec.decodeGenerally(bytes)
        #expect(direct == general, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
    }

    private static func mutilated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] = Array("0123456789.-\"".utf8).randomElement(using: &random) ?? 48
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(Array("0123456789.-\" ".utf8).randomElement(using: &random) ?? 48, at: place)
            default: bytes.insert(contentsOf: bytes[place..<min(place + 12, bytes.count)], at: place)
            }
        }
        return bytes
    }

    private static func envelope<Body: Message>(_ body: Body, _ random: inout SeededRandom) -> Envelope<Body> {
        func name() -> String { names.randomElement(using: &random) ?? "" }
        return Envelope(
            id: name(), source: name(), at: Timestamp(nanoseconds: number(&random)), correlation: name(),
            causation: name(), key: name(), sequence: number(&random), data: body)
    }

    private static func number(_ random: inout SeededRandom) -> Int64 {
        if Bool.random(using: &random) { return edges.randomElement(using: &random) ?? 0 }
        return Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...62, using: &random)
    }

    private static func symbol(_ random: inout SeededRandom) throws -> Symbol {
        try #require(["BTCUSDT", "X", "1000SHIBUSDT"].randomElement(using: &random).flatMap { Symbol($0) })
    }

    private static func print(_ random: inout SeededRandom) throws -> Print {
        Print(
            id: number(&random), symbol: try symbol(&random), price: Price(raw: number(&random)),
            quantity: Quantity(raw: number(&random)), aggressor: Bool.random(using: &random) ? .buy : .sell,
            time: Timestamp(nanoseconds: number(&random)))
    }
}
