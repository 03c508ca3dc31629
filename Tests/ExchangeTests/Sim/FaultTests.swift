import Domain
import Exchanges
import Outbound
import ServiceKit
import TestKit
import Testing

@testable import ExchangeSim

@Suite("The stand-in exchange misbehaves on request", .timeLimit(.minutes(2)))
struct FaultTests {
    private let lively: @Sendable (inout ExchangeSettings) -> Void = { settings in
        settings.pace = .stepped
        settings.tradesPerSecond = 20
        settings.start = Timestamp(seconds: 1_795_263_424)
    }

    /// What a stream of trades says while the exchange moves on by some seconds; damaged frames are nil.
    private func prints(_ bench: Bench, seconds: Int64) async throws -> [Print?] {
        let url = "ws://127.0.0.1:\(bench.server.port)/stream?streams=btcusdt@trade"
        return try await WebSocketClient().withConnection(to: url) { socket in
            let now = try await bench.server.now
            let last = now + .seconds(seconds)
            let items = try await bench.server.advance(to: last)
            #expect(items > 0)
            // An answer comes after everything that was sent before it.
            try await socket.send(#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
            var result: [Print?] = []
            for try await case .text(let text) in socket.inbound {
                do throws(BinanceFrameError) {
                    switch try BinanceFrame.decode(text) {
                    case .trade(let print): result.append(print)
                    case .reply: return result
                    default: Issue.record("\(text)")
                    }
                } catch {
                    result.append(nil)
                }
            }
            return result
        }
    }

    @Test("Stepped, it sends exactly what lies between, each time alike")
    func stepped() async throws {
        var runs: [[Print?]] = []
        for _ in 0..<2 {
            try await Bench.run(lively) { bench in
                runs.append(try await prints(bench, seconds: 30))
                let time = try await bench.rest.time()
                #expect(time == Timestamp(seconds: 1_795_263_454))
            }
        }
        #expect(runs[0].count > 100 && runs[0] == runs[1])
        let ids = runs[0].compactMap { $0?.id }
        #expect(zip(ids.dropFirst(), ids).allSatisfy { $0 == $1 + 1 })
    }

    @Test("Duplicates, reordering, losses and damage are what they say")
    func frames() async throws {
        try await Bench.run(lively) { bench in
            try await bench.control("duplicate?share=0.5")
            let doubled = try await prints(bench, seconds: 20).compactMap { $0?.id }
            #expect(Set(doubled).count < doubled.count && doubled == doubled.sorted())
            try await bench.control("reset")
            try await bench.control("reorder?share=0.3")
            let mixed = try await prints(bench, seconds: 20).compactMap { $0?.id }
            #expect(mixed != mixed.sorted() && Set(mixed).count == mixed.count)
            try await bench.control("reset")
            try await bench.control("drop?share=0.3")
            let holed = try await prints(bench, seconds: 20).compactMap { $0?.id }
            let span = try #require(holed.last) - (try #require(holed.first)) + 1
            #expect(holed.count < span)
            let refill = try await bench.rest.historicalTrades(bench.symbol, fromID: holed[0], limit: 1000)
            #expect(refill.prefix(Int(span)).map(\.id) == Array(holed[0]...(try #require(holed.last))))
            try await bench.control("reset")
            try await bench.control("malformed?count=3")
            #expect(try await prints(bench, seconds: 20).count { $0 == nil } == 3)
            try await bench.control("silence?seconds=600")
            #expect(try await prints(bench, seconds: 20).isEmpty)
        }
    }

    @Test("A broken connection, and an outage of everything")
    func outage() async throws {
        try await Bench.run { bench in
            let url = "ws://127.0.0.1:\(bench.server.port)/ws/btcusdt@trade"
            for path in ["disconnect", "disconnect?abruptly=true", "outage?seconds=1"] {
                _ = try? await WebSocketClient().withConnection(to: url) { socket in
                    try await bench.control(path)
                    for try await _ in socket.inbound {}
                }
            }
            await #expect(throws: BinanceError.self) { try await bench.rest.time() }
            await #expect(throws: WebSocketError.self) {
                try await WebSocketClient().withConnection(to: url) { _ in }
            }
            _ = try await eventually("it is back", within: .seconds(5)) { try? await bench.rest.time() }
        }
    }

    @Test("Limits come with the time to wait, and nothing more is asked until then")
    func limits() async throws {
        try await Bench.run { bench in
            try await bench.control("limit?status=418&retry_after=1&count=1")
            await #expect(throws: BinanceError.banned(retryAfter: .seconds(1))) { try await bench.rest.time() }
            await #expect(throws: BinanceError.self) { try await bench.rest.time() }
            _ = try await eventually("allowed again", within: .seconds(5)) { try? await bench.rest.time() }
        }
        try await Bench.run({ $0.weightLimit = 100 }) { bench in
            for _ in 0..<4 { _ = try await bench.rest.exchangeInfo([bench.symbol]) }
            await #expect(throws: BinanceError.self) {
                for _ in 0..<2 { _ = try await bench.rest.exchangeInfo([bench.symbol]) }
            }
        }
    }

    @Test("Orders are refused, lost on the way, or taken without an answer, and the adapter tells these apart")
    func orders() async throws {
        try await Bench.run { bench in
            try await bench.control("reject?code=-1013&message=Filter+failure:+LOT_SIZE")
            await #expect(
                throws: BinanceError.rejected(BinanceRejection(code: -1013, message: "Filter failure: LOT_SIZE"))
            ) { try await bench.rest.place(try bench.order(.buy, id: "refused")) }
            for (fault, id, isThere) in [
                ("lose-request", "lost", false), ("lose-answer", "unanswered", true),
                ("answer-unknown", "unknown", true), ("delay-answer?milliseconds=3000", "late", true),
            ] {
                try await bench.control(fault)
                do throws(BinanceError) {
                    _ = try await bench.rest.place(
                        BinanceNewOrder(
                            symbol: bench.symbol, side: .buy, kind: .market, quantity: Quantity(raw: 1_000_000),
                            clientOrderID: id))
                    Issue.record("\(fault) was answered")
                } catch {
                    #expect(error.mayHaveHappened, "\(fault): \(error)")
                }
                let found = try? await bench.rest.order(bench.symbol, clientOrderID: id)
                #expect((found?.status == .filled) == isThere, "\(fault)")
            }
            #expect(try await bench.rest.myTrades(bench.symbol).count >= 3)
            let kept = try await bench.server.with { Set($0.venue.fills.map(\.clientOrderID)) }
            #expect(kept == ["unanswered", "unknown", "late"])
        }
    }

    @Test("A lost fill is missing on the stream and there over REST")
    func lostFill() async throws {
        try await Bench.run { bench in
            let key = try await bench.rest.openUserStream()
            try await bench.control("lose-fills?count=100")
            let events = try await bench.events("/ws/\(key)", 2) { _ in
                _ = try await bench.rest.place(try bench.order(.buy, id: "a"))
            }
            let reports = events.compactMap { if case .executionReport(let report) = $0 { report } else { nil } }
            #expect(reports.allSatisfy { $0.fill == nil })
            #expect(try await bench.rest.order(bench.symbol, clientOrderID: "a").status == .filled)
            #expect(try await bench.rest.myTrades(bench.symbol).isEmpty == false)
        }
    }

    @Test("Keys and signatures are checked")
    func keys() async throws {
        try await Bench.run { bench in
            func client(_ key: String, _ secret: String) -> BinanceREST {
                BinanceREST(
                    bench.rest.configuration, transport: HTTPTransport(HTTPClient()),
                    signer: BinanceSigner(apiKey: key, secret: secret), wallClock: { SystemClock().now() })
            }
            await #expect(
                throws: BinanceError.rejected(
                    BinanceRejection(code: -1022, message: "Signature for this request is not valid."))
            ) { try await client("key", "wrong").account() }
            await #expect(
                throws: BinanceError.rejected(
                    BinanceRejection(code: -2015, message: "Invalid API-key, IP, or permissions for action."))
            ) { try await client("other", "secret").account() }
        }
    }

    @Test("Hostile requests never stop it", arguments: 1...3 as ClosedRange<UInt64>)
    func fuzz(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        try await Bench.run { bench in
            try await bench.server.with { $0.weight = WeightCounter(limit: 1_000_000) }
            let client = HTTPClient()
            let paths = [
                "klines", "order", "orderList/oco", "historicalTrades", "exchangeInfo", "userDataStream", "depth",
            ]
            let names = [
                "symbol", "interval", "limit", "startTime", "fromId", "quantity", "timestamp", "signature", "symbols",
            ]
            let values = [
                "BTCUSDT", "-1", "1m", "%", "9223372036854775807", "%FF%FE", "[\"x", "", "1e9", "'", "%00", "0",
            ]
            for _ in 0..<200 {
                let query = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    "\(names.randomElement(using: &random) ?? "")=\(values.randomElement(using: &random) ?? "")"
                }.joined(separator: "&")
                let path = paths.randomElement(using: &random) ?? ""
                let method: HTTPRequest.Method = [.get, .post, .delete, .put].randomElement(using: &random) ?? .get
                let reply = try? await client.send(
                    HTTPRequest(
                        method,
                        "http://127.0.0.1:\(bench.server.port)/api/v3/\(path)?\(query.replacing("\"", with: "%22"))",
                        headers: [("X-MBX-APIKEY", "key")]))
                #expect(reply.map { $0.status < 500 } ?? true, "seed \(seed): \(method) \(path)?\(query)")
            }
            _ = try await bench.rest.time()
        }
    }

    @Test("Times beyond all calendars are answered")
    func extremeTimes() async throws {
        try await Bench.run { bench in
            for text in ["9223372036854775807", "-9223372036854775808", "0", "4102444800000"] {
                for path in [
                    "klines?symbol=BTCUSDT&interval=1w&startTime=\(text)&endTime=\(text)",
                    "klines?symbol=BTCUSDT&interval=1w&endTime=\(text)&limit=1000",
                    "aggTrades?symbol=BTCUSDT&startTime=\(text)",
                    "historicalTrades?symbol=BTCUSDT&fromId=\(text)",
                ] {
                    let reply = try await HTTPClient().send(
                        HTTPRequest(.get, "http://127.0.0.1:\(bench.server.port)/api/v3/\(path)"))
                    #expect(reply.status == 200, "\(path)")
                }
                _ = try await HTTPClient().send(
                    HTTPRequest(.post, "http://127.0.0.1:\(bench.server.port)/control/advance?by=\(text)"))
            }
            _ = try await bench.rest.time()
        }
    }
}
