import Contracts
import Domain
import Foundation
import TestKit
import Testing

/// One file for every message version. A published file is never edited: a new meaning is a new version.
@Suite struct GoldenTests {
    private static let folder = Repository.root.appending(path: "Tests/Fixtures/contracts")

    @Test func `prints`() throws { try golden(Samples.prints) }
    @Test func `quote`() throws { try golden(Samples.quote) }
    @Test func `candle`() throws { try golden(Samples.candle) }
    @Test func `source status`() throws { try golden(Samples.source) }
    @Test func `signal raised`() throws { try golden(Samples.signal) }
    @Test func `order approved`() throws { try golden(OrderApproved(orderID: "ord-1", account: "main")) }
    @Test func `signal refused`() throws {
        try golden(
            SignalRefused(
                signalID: "sig-1", account: "main", code: "daily_loss_limit", reason: "lost 3.1 % of 3 % today"))
    }
    @Test func `control changed`() throws {
        try golden(
            ControlChanged(account: "main", state: .stopped, flatten: true, by: "owner", reason: "said \"stop\""))
    }
    @Test func `goal progressed`() throws {
        try golden(
            GoalProgressed(goalID: "goal-1", account: "main", progress: Ratio("0.25"), equity: Money("10250.5")))
    }
    @Test func `order changed`() throws {
        try golden(
            OrderChanged(
                orderID: "ord-1", account: "main", symbol: Samples.symbol, state: .partiallyFilled,
                reason: "0.5 of 1 filled"))
    }
    @Test func `fill booked`() throws { try golden(Samples.fill) }
    @Test func `position changed`() throws {
        try golden(
            PositionChanged(
                account: "main", symbol: Samples.symbol, quantity: Quantity("0.015"), cost: Money("963.75015")))
    }
    @Test func `suite event`() throws {
        try golden(
            SuiteEvent(
                kind: "gap_reported", severity: "warning", summary: "BTCUSDT: no candles for 284 minutes",
                description: "From 04:01 to 08:45 the exchange has none.",
                labels: ["symbol": "BTCUSDT", "exchange": "binance"]))
    }
    @Test func `service alive`() throws { try golden(ServiceAlive(instance: "host-1-mwqr83jm", ready: true)) }

    /// The bytes of the file are what is sent, and what is sent is understood.
    private func golden<Body: Message>(_ body: Body) throws {
        let envelope = Samples.envelope(body)
        let bytes = try MessageCodec.encode(envelope)
        let file = Self.folder.appending(path: "\(Body.type).v\(Body.version).json")
        if ProcessInfo.processInfo.environment["PLIMSOLL_WRITE_GOLDEN"] == "1",
            !FileManager.default.fileExists(atPath: file.path)
        {
            try (Data(bytes) + [10]).write(to: file)
        }
        let expected = [UInt8](try Data(contentsOf: file)).dropLast()
        #expect(String(decoding: bytes, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
        let read: Envelope<Body> = try MessageCodec.decode(Array(expected))
        #expect(read == envelope)
    }
}

/// Messages to write and read.
enum Samples {
    static var symbol: Symbol { get throws { try #require(Symbol("BTCUSDT")) } }

    static func envelope<Body: Message>(_ body: Body) -> Envelope<Body> {
        Envelope(
            id: "evt-1", source: "market-data", at: Timestamp(nanoseconds: 1_700_000_000_123_456_789),
            correlation: "sig-1", causation: "evt-0", key: "BTCUSDT", sequence: 7, data: body)
    }

    static var prints: PrintBatch {
        get throws {
            try PrintBatch(
                symbol: symbol,
                prints: [
                    Print(
                        id: 3_735_683_259, symbol: symbol, price: Price("61837.63"), quantity: Quantity("0.02"),
                        aggressor: .sell, time: Timestamp(milliseconds: 1_723_161_255_342)),
                    Print(
                        id: 3_735_683_260, symbol: symbol, price: Price("61838"), quantity: Quantity("0.00000001"),
                        aggressor: .buy, time: Timestamp(milliseconds: 1_723_161_255_617)),
                ])
        }
    }

    static var quote: QuoteUpdate {
        get throws {
            try QuoteUpdate(
                quote: Quote(
                    symbol: symbol, bid: Price("61837.62"), bidQuantity: Quantity("1.5"), ask: Price("61837.63"),
                    askQuantity: Quantity("12"), time: Timestamp(milliseconds: 1_723_161_255_342)))
        }
    }

    static var candle: CandleUpdate {
        get throws {
            try CandleUpdate(
                candle: Candle(
                    symbol: symbol, timeframe: .minute5, openTime: Timestamp(seconds: 1_619_323_200),
                    open: Price("0.00000842"), high: Price("2"), low: Price("0.00000001"), close: Price("1.5"),
                    volume: Quantity("123.456"), tradeCount: 42, isFinal: true, revision: 1, source: .mixed))
        }
    }

    static var source: SourceStatus {
        get throws {
            try SourceStatus(
                exchange: "binance", symbol: symbol, connected: true, stale: true, gapOpen: false,
                reason: "no message for 10 s")
        }
    }

    static var signal: SignalRaised {
        get throws {
            try SignalRaised(
                signal: Signal(
                    strategy: "momentum-1m", symbol: symbol, timeframe: .minute1,
                    candleClose: Timestamp(seconds: 1_700_000_040), action: .enter, price: Price("64250.01"),
                    stop: Price("64000"), target: Price("64800"), confidence: Ratio("0.6"),
                    reasons: ["the 3 average crossed above the 8 average"]))
        }
    }

    static var fill: FillBooked {
        get throws {
            try FillBooked(
                fill: Fill(
                    venueTradeID: "123456", orderID: "ord-1", account: "main", symbol: symbol, side: .buy,
                    price: Price("64250.01"), quantity: Quantity("0.015"), fee: Money("0.96375015"),
                    feeInBase: Quantity("0.000015"), isMaker: false, time: Timestamp(seconds: 1_700_000_041)))
        }
    }
}
