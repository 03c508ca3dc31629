import Domain
import Exchanges
import Foundation
import Synchronization
import TestKit
import Testing

/// Answers every request alike, and keeps what was asked.
final class CannedTransport: BinanceTransport {
    private let state = Mutex<(replies: [BinanceHTTPReply], asked: [BinanceHTTPRequest])>(([], []))

    init(_ replies: BinanceHTTPReply...) { state.withLock { $0.replies = replies } }

    init(body: String) { state.withLock { $0.replies = [BinanceHTTPReply(status: 200, body: Array(body.utf8))] } }

    var asked: [BinanceHTTPRequest] { state.withLock { $0.asked } }

    func send(_ request: BinanceHTTPRequest) async throws(BinanceError) -> BinanceHTTPReply {
        state.withLock { state in
            state.asked.append(request)
            return state.replies.count > 1 ? state.replies.removeFirst() : state.replies[0]
        }
    }
}

@Suite("Binance answers")
struct ReplyTests {
    private let wall = Timestamp(seconds: 1_700_000_000)
    private let signer = BinanceSigner(apiKey: "key", secret: "secret")

    private func rest(_ transport: CannedTransport) -> BinanceREST {
        BinanceREST(
            BinanceREST.Configuration(baseURL: "https://example.invalid"), transport: transport, signer: signer,
            wallClock: { [wall] in wall })
    }

    @Test("a volume beyond what a quantity can say does not hide the candle")
    func hugeVolume() async throws {
        let symbol = try #require(Symbol("BTTUSDT"))
        let row =
            #"[[60000,"0.00000070","0.00000080","0.00000060","0.00000075","1834567890123.0",119999,"9",4,"1","1","0"]]"#
        let candles = try await rest(CannedTransport(body: row)).klines(
            symbol, .minute1, from: .zero, now: wall)
        #expect(candles.map(\.volume) == [Quantity(raw: .max)])
        #expect(candles.map(\.close) == [Price(raw: 75)])
    }

    private func time(_ milliseconds: Int64) -> BinanceHTTPReply {
        BinanceHTTPReply(status: 200, body: Array("{\"serverTime\":\(milliseconds)}".utf8))
    }

    private func symbol(_ name: String = "BTCUSDT") throws -> Symbol { try #require(Symbol(name)) }

    @Test("A request refused for its timestamp is sent again with the exchange's clock, once")
    func clock() async throws {
        let late = BinanceHTTPReply(status: 400, body: Array(#"{"code":-1021,"msg":"Timestamp"}"#.utf8))
        let account = BinanceHTTPReply(
            status: 200, body: Array(#"{"canTrade":true,"canWithdraw":false,"balances":[]}"#.utf8))
        let transport = CannedTransport(time(5_000_000), late, time(9_000_000), account)
        #expect(try await rest(transport).account().canTrade)
        #expect(transport.asked.count == 4)
        #expect(transport.asked[1].url.contains("timestamp=5000000&"))
        #expect(transport.asked[3].url.contains("timestamp=9000000&"))
        let stubborn = CannedTransport(time(5_000_000), late, time(9_000_000), late)
        await #expect(throws: BinanceError.rejected(BinanceRejection(code: -1021, message: "Timestamp"))) {
            try await rest(stubborn).account()
        }
    }

    @Test("An order's window counts from when it was decided on, and one that came too late is not sent again")
    func tooLate() async throws {
        let late = BinanceHTTPReply(status: 400, body: Array(#"{"code":-1021,"msg":"Timestamp"}"#.utf8))
        let transport = CannedTransport(time(5_000_000), late)
        let rest = rest(transport)
        let order = BinanceNewOrder(
            symbol: try symbol(), side: .sell, kind: .market, quantity: Quantity(raw: 1), clientOrderID: "x")
        await #expect(throws: BinanceError.notSent(reason: "the exchange had it too late, or by another clock")) {
            try await rest.place(order, decidedAt: wall - .seconds(60))
        }
        #expect(transport.asked.count == 2)
        #expect(transport.asked[1].body?.contains("timestamp=4940000&") == true)
    }

    @Test("After 429 nothing is sent until the time is up")
    func blocked() async throws {
        let transport = CannedTransport(BinanceHTTPReply(status: 429, body: [], retryAfter: 30))
        let rest = rest(transport)
        for _ in 0..<3 {
            let error = await #expect(throws: BinanceError.self) { try await rest.time() }
            guard case .rateLimited(let left) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            // What is left of them by now.
            #expect(left > .seconds(20) && left <= .seconds(30), "\(left)")
        }
        #expect(transport.asked.count == 1)
    }

    @Test("Orders are sent as forms, with all that the exchange wants")
    func order() async throws {
        let transport = CannedTransport(time(1), BinanceHTTPReply(status: 200, body: []))
        let order = BinanceNewOrder(
            symbol: try symbol(), side: .sell, kind: .takeProfit(try Price("70000.5"[...])),
            quantity: try Quantity("0.25"[...]), clientOrderID: "ord-1")
        await #expect(throws: BinanceError.self) { try await rest(transport).place(order) }
        let body = try #require(transport.asked[1].body)
        #expect(
            body.hasPrefix(
                "symbol=BTCUSDT&side=SELL&type=TAKE_PROFIT&quantity=0.25&stopPrice=70000.5&newClientOrderId=ord-1"))
        #expect(transport.asked[1].headers.contains { $0 == ("X-MBX-APIKEY", "key") })
    }

    @Test("A success that is not understood is never called a refusal")
    func undecodable() async throws {
        let symbol = try symbol()
        for body in ["", "{}", "[]", "null", "{\"symbol\":\"BTCUSDT\"}", "<html>", "{\"orderId\":\"x\"}"] {
            let transport = CannedTransport(time(1), BinanceHTTPReply(status: 200, body: Array(body.utf8)))
            do throws(BinanceError) {
                _ = try await rest(transport).order(symbol, clientOrderID: "a")
                Issue.record("\(body) was understood")
            } catch {
                #expect(error.mayHaveHappened)
            }
        }
    }

    /// What is asked, and a good answer to it.
    private static let questions:
        [(name: String, answer: String, ask: @Sendable (BinanceREST, Symbol) async throws -> Void)] = [
            (
                "order",
                """
                {"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"a","transactTime":1507725176595,\
                "price":"0.0","origQty":"10.0","executedQty":"10.0","cummulativeQuoteQty":"10.0","status":"FILLED",\
                "timeInForce":"GTC","type":"MARKET","side":"SELL","fills":[{"price":"4000.0","qty":"1.0",\
                "commission":"4.0","commissionAsset":"USDT","tradeId":56}]}
                """, { _ = try await $0.order($1, clientOrderID: "a") }
            ),
            (
                "klines",
                """
                [[1499040000000,"0.0163","0.8","0.0157","0.0157","148976.1",1499644799999,"2434.1",308,"1756.8","28.4","0"]]
                """, { _ = try await $0.klines($1, .minute1, from: .zero, limit: 10, now: .zero) }
            ),
            (
                "historicalTrades",
                """
                [{"id":28457,"price":"4.000001","qty":"12.0","quoteQty":"48.0","time":1499865549590,"isBuyerMaker":true,\
                "isBestMatch":true}]
                """, { _ = try await $0.historicalTrades($1, fromID: 1, limit: 10) }
            ),
            (
                "aggTrades",
                #"[{"a":26129,"p":"0.01633102","q":"4.7","f":27781,"l":27781,"T":1498793709153,"m":true,"M":true}]"#,
                { _ = try await $0.aggregateTrades($1, from: .zero, limit: 10) }
            ),
            ("time", #"{"serverTime":1499827319559}"#, { rest, _ in _ = try await rest.time() }),
            (
                "account",
                #"{"balances":[{"asset":"BTC","free":"4723846.89208129","locked":"0.0"}],"canTrade":true,"canWithdraw":true,"canDeposit":true,"accountType":"SPOT","permissions":["SPOT"]}"#,
                { rest, _ in _ = try await rest.account() }
            ),
        ]

    @Test("6 × 2,000 damaged answers: each is understood or refused as what it is, and a good one is understood")
    func fuzz() async throws {
        var random = SeededRandom(seed: 20_261_124)
        for question in Self.questions {
            var counts: [String: Int] = [:]
            for run in 0...2000 {
                var bytes = Array(question.answer.utf8)
                if run < 2000 { damage(&bytes, &random) }
                let answer = BinanceHTTPReply(status: 200, body: bytes)
                // A signed request asks for the time first.
                let isSigned = ["order", "account"].contains(question.name)
                let transport = isSigned ? CannedTransport(time(1), answer) : CannedTransport(answer)
                do {
                    try await question.ask(rest(transport), try symbol())
                    counts["understood", default: 0] += 1
                } catch let error as BinanceError {
                    counts[error.kind, default: 0] += 1
                    #expect(run < 2000 && error.kind == "undecodable", "seed \(random.seed) \(question.name): \(error)")
                }
            }
            print("seed \(random.seed) \(question.name): \(counts.sorted { $0.key < $1.key })")
            #expect(counts.values.reduce(0, +) == 2001)
            #expect(counts["undecodable", default: 0] > 1000, "\(question.name)")
        }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes.insert(contentsOf: "]}{\":,[".utf8.shuffled(using: &random).prefix(2), at: place)
        case 2: bytes.remove(at: place)
        default: for _ in 0..<3 { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        }
    }

    @Test("A fill in the received asset, in the quote asset and in neither")
    func fills() throws {
        let instrument = Instrument(
            symbol: try symbol(), base: "BTC", quote: "USDT", tickSize: Price(raw: 1), lotSize: Quantity(raw: 1),
            minimumQuantity: Quantity(raw: 1), maximumQuantity: Quantity(raw: .max), minimumNotional: .zero)
        func fill(_ asset: String) throws -> BinanceFill {
            BinanceFill(
                symbol: instrument.symbol, tradeID: 7, orderID: 1, side: .buy, price: try Price("50000"[...]),
                quantity: try Quantity("0.1"[...]), commission: try Money("0.0001"[...]), commissionAsset: asset,
                isMaker: false, time: .zero)
        }
        let base = try fill("BTC").booked(orderID: "o", account: "main", instrument: instrument)
        #expect(base.feeInBase.description == "0.0001" && base.fee.description == "5")
        let quote = try fill("USDT").booked(orderID: "o", account: "main", instrument: instrument)
        #expect(quote.feeInBase.isZero && quote.fee.description == "0.0001")
        let foreign = try fill("BNB").booked(orderID: "o", account: "main", instrument: instrument)
        #expect(foreign.fee.isZero && foreign.feeInBase.isZero)
        #expect(foreign.foreignFee == Fill.ForeignFee(asset: "BNB", amount: try Money("0.0001"[...])))
    }
}

@Suite(
    "Recorded Binance answers", .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
struct RecordedReplyTests {
    private func text(_ name: String) throws -> String {
        let folder = try #require(Repository.recordings).appending(path: "messages/binance/rest")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private func rest(_ body: String) -> BinanceREST {
        BinanceREST(
            BinanceREST.Configuration(baseURL: "https://example.invalid"),
            transport: CannedTransport(
                BinanceHTTPReply(status: 200, body: Array("{\"serverTime\":1}".utf8)),
                BinanceHTTPReply(status: 200, body: Array(body.utf8))),
            signer: BinanceSigner(apiKey: "a", secret: "b"), wallClock: { .zero })
    }

    @Test("The documented answers decode")
    func documented() async throws {
        let symbol = try #require(Symbol("LTCBTC"))
        let file = "nautilus/"
        #expect(try await rest(text(file + "account_response.json")).account().balances.count == 2)
        let trades = try await rest(text(file + "account_trades_response.json")).myTrades(symbol)
        #expect(trades.first?.commissionAsset == "BNB")
        #expect(try await rest(text(file + "open_orders_response.json")).openOrders().first?.status == .new)
        let order = try await rest(text(file + "order_response.json")).order(symbol, clientOrderID: "myOrder1")
        #expect(order.clientOrderID == "myOrder1" && order.orderListID == nil)
        let cancel = try await rest(text(file + "cancel_order_response.json")).cancel(symbol, clientOrderID: "x")
        guard case .order(let cancelled) = cancel else {
            Issue.record("a list")
            return
        }
        #expect(cancelled.clientOrderID == "myOrder1" && cancelled.status == .canceled)
        let placed = try await rest(text(file + "new_order_full_response.json")).place(
            BinanceNewOrder(
                symbol: symbol, side: .sell, kind: .market, quantity: Quantity(raw: 1), clientOrderID: "x"))
        #expect(placed.fills.count == 5 && placed.fills.map(\.tradeID) == [56, 57, 58, 59, 60])
    }

    @Test("Another library's examples of the same answers decode")
    func library() async throws {
        struct Line: Decodable { let name: String, path: String, method: String }
        let symbol = try #require(Symbol("BTCUSDT"))
        var seen: Set<String> = []
        for raw in try text("jkorf-endpoints.jsonl").split(separator: "\n") {
            let line = try JSONDecoder().decode(Line.self, from: Data(raw.utf8))
            let object = try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any]
            guard let whole = object?["body"] else { continue }
            let body = String(
                decoding: try JSONSerialization.data(withJSONObject: whole, options: .fragmentsAllowed), as: UTF8.self)
            switch (line.method, line.path) {
            case ("GET", "/api/v3/order"): _ = try await rest(body).order(symbol, clientOrderID: "a")
            case ("GET", "/api/v3/openOrders"): _ = try await rest(body).openOrders(symbol)
            case ("GET", "/api/v3/myTrades"): _ = try await rest(body).myTrades(symbol)
            case ("GET", "/api/v3/account"): _ = try await rest(body).account()
            case ("DELETE", "/api/v3/order"): _ = try await rest(body).cancel(symbol, clientOrderID: "a")
            case ("DELETE", "/api/v3/orderList"):
                _ = try await rest(body).cancelList(symbol, listClientOrderID: "a")
            default: continue
            }
            seen.insert("\(line.method) \(line.path)")
        }
        #expect(seen.count >= 4, "\(seen)")
    }

    @Test("The recorded rules of all markets decode; markets that do not trade are named")
    func exchangeInfo() async throws {
        let folder = try #require(Repository.recordings).appending(path: "messages/binance/rest")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", folder.appending(path: "cryptofeed-2021-10.jsonl.gz").path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try #require(try pipe.fileHandleForReading.readToEnd())
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let entry = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            guard (entry["url"] as? String)?.contains("exchangeInfo") == true else { continue }
            let body = try #require(entry["data"] as? String)
            let reply = BinanceHTTPReply(status: 200, body: Array(body.utf8))
            let info = try await BinanceREST(
                BinanceREST.Configuration(baseURL: "https://example.invalid"), transport: CannedTransport(reply),
                wallClock: { .zero }
            ).exchangeInfo([])
            let symbol = try #require(Symbol("BTCUSDT"))
            let bitcoin = try #require(info.instruments[symbol])
            #expect(bitcoin.tickSize.description == "0.01" && bitcoin.lotSize.description == "0.00001")
            #expect(bitcoin.minimumNotional.description == "10")
            #expect(info.instruments.count > 1000)
            #expect(info.refused.values.allSatisfy { $0.hasPrefix("status ") }, "\(info.refused)")
            #expect(info.weightLimit == 1200)
        }
    }
}
