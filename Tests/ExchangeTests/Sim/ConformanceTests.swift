import Domain
import Exchanges
import Outbound
import ServiceKit
import TestKit
import Testing

@testable import ExchangeSim

/// The adapter against the stand-in exchange, over real sockets.
struct Bench: Sendable {
    let server: ExchangeServer
    let rest: BinanceREST
    let symbol: Symbol

    /// Runs `body` with an exchange of its own.
    static func run(
        _ change: (inout ExchangeSettings) -> Void = { _ in }, _ body: (Bench) async throws -> Void
    ) async throws {
        let symbol = try #require(Symbol("BTCUSDT"))
        let signer = BinanceSigner(apiKey: "key", secret: "secret")
        var settings = ExchangeSettings(mode: .generator([symbol, try #require(Symbol("ETHUSDT"))]))
        settings.history = .minutes(30)
        settings.accounts = [ExchangeSettings.Account(signer: signer)]
        change(&settings)
        let server = try await ExchangeServer.start(settings)
        let rest = BinanceREST(
            BinanceREST.Configuration(baseURL: "http://127.0.0.1:\(server.port)", timeout: .seconds(2)),
            transport: HTTPTransport(HTTPClient()), signer: signer, wallClock: { SystemClock().now() })
        do {
            try await body(Bench(server: server, rest: rest, symbol: symbol))
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    func order(
        _ side: Side, _ kind: BinanceNewOrder.Kind = .market, _ quantity: String = "0.01", id: String
    ) throws -> BinanceNewOrder {
        BinanceNewOrder(
            symbol: symbol, side: side, kind: kind, quantity: try Quantity(quantity[...]), clientOrderID: id)
    }

    /// `POST /control/<path>`.
    func control(_ path: String) async throws {
        let reply = try await HTTPClient().send(
            HTTPRequest(.post, "http://127.0.0.1:\(server.port)/control/\(path)", timeout: .seconds(20)))
        #expect(reply.status == 200, "\(path): \(reply.text)")
    }

    /// The next `count` events of these streams that are not answers.
    func events(_ path: String, _ count: Int, after: (WebSocketConnection) async throws -> Void = { _ in }) async throws
        -> [BinanceEvent]
    {
        try await WebSocketClient().withConnection(to: "ws://127.0.0.1:\(server.port)\(path)") { socket in
            try await after(socket)
            var result: [BinanceEvent] = []
            for try await message in socket.inbound {
                guard case .text(let text) = message else { continue }
                result.append(try BinanceFrame.decode(text))
                if result.count == count { break }
            }
            return result
        }
    }
}

@Suite("The adapter and the stand-in exchange", .timeLimit(.minutes(2)))
struct ConformanceTests {
    @Test("Rules, candles and trades are what the adapter understands, and agree")
    func marketData() async throws {
        try await Bench.run { bench in
            let info = try await bench.rest.exchangeInfo([bench.symbol])
            #expect(info.instruments[bench.symbol] == MarketSpecification(bench.symbol).instrument)
            #expect(info.weightLimit == 6000)
            let now = try await bench.rest.time()
            #expect((now - SystemClock().now()).nanoseconds.magnitude < 2_000_000_000)
            let bars = try await bench.rest.klines(
                bench.symbol, .minute1, from: now - .minutes(20), through: now, now: now)
            // Nothing may have traded yet in the minute that has just begun.
            #expect(bars.count >= 19 && bars.dropLast().allSatisfy(\.isFinal), "\(bars.count)")
            let trades = try await bench.rest.historicalTrades(bench.symbol, limit: 1000)
            #expect(zip(trades.dropFirst(), trades).allSatisfy { $0.id == $1.id + 1 })
            let first = try #require(trades.first)
            let again = try await bench.rest.historicalTrades(bench.symbol, fromID: first.id, limit: 5)
            #expect(again == Array(trades.prefix(5)))
            let aggregates = try await bench.rest.aggregateTrades(bench.symbol, fromID: first.id, limit: 5)
            #expect(aggregates.map(\.price) == again.map(\.price))
            let quotes = try await bench.rest.bookTickers([bench.symbol], at: now)
            #expect(quotes.first.map { $0.bid < $0.ask } == true)
            #expect(bench.rest.usedWeight > 20)
        }
    }

    @Test("The stream of trades goes on from what REST tells, without a hole")
    func stream() async throws {
        try await Bench.run({ $0.tradesPerSecond = 20 }) { bench in
            let before = try await bench.rest.historicalTrades(bench.symbol, limit: 1)
            let events = try await bench.events("/stream?streams=btcusdt@trade/btcusdt@bookTicker", 40)
            let prints = events.compactMap { if case .trade(let print) = $0 { print } else { nil } }
            #expect(prints.count >= 15)
            #expect(zip(prints.dropFirst(), prints).allSatisfy { $0.id == $1.id + 1 })
            let last = try #require(before.first)
            let seam = try await bench.rest.historicalTrades(bench.symbol, fromID: last.id + 1, limit: 1000)
            #expect(seam.first?.id == last.id + 1)
            #expect(prints.allSatisfy { print in seam.contains(print) })
        }
    }

    @Test("An order's whole life: placed, asked for, its trades listed, its id used again")
    func order() async throws {
        try await Bench.run { bench in
            let bought = try await bench.rest.place(try bench.order(.buy, id: "ord-1"))
            #expect(bought.status == .filled && !bought.fills.isEmpty)
            #expect(try await bench.rest.order(bench.symbol, clientOrderID: "ord-1").orderID == bought.orderID)
            let trades = try await bench.rest.myTrades(bench.symbol, orderID: bought.orderID)
            #expect(trades.map(\.tradeID) == bought.fills.map(\.tradeID))
            let again = try await bench.rest.place(try bench.order(.sell, id: "ord-1"))
            #expect(again.orderID != bought.orderID)
            #expect(try await bench.rest.order(bench.symbol, clientOrderID: "ord-1").orderID == again.orderID)
            let account = try await bench.rest.account()
            let coins = account.balances.first { $0.asset == "BTC" }
            #expect(coins?.free.isZero ?? true)
            await #expect(throws: BinanceError.unknownOrder(.init(code: -2013, message: "Order does not exist."))) {
                try await bench.rest.order(bench.symbol, clientOrderID: "never")
            }
            await #expect(throws: BinanceError.unknownOrder(.init(code: -2011, message: "Unknown order sent."))) {
                try await bench.rest.cancel(bench.symbol, clientOrderID: "ord-1")
            }
        }
    }

    @Test("A stop and a target rest together, and are cancelled together")
    func pair() async throws {
        try await Bench.run { bench in
            let bought = try await bench.rest.place(try bench.order(.buy, id: "entry"))
            let price = try #require(bought.fills.first?.price)
            let pair = BinanceNewOCO(
                symbol: bench.symbol, side: .sell, quantity: bought.quantity,
                stop: price.times(Ratio(8, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero),
                target: price.times(Ratio(12, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero),
                stopClientOrderID: "stop", targetClientOrderID: "target", listClientOrderID: "pair")
            let placed = try await bench.rest.place(pair)
            #expect(placed.orders.map(\.status) == [.new, .new])
            #expect(Set(try await bench.rest.openOrders(bench.symbol).map(\.clientOrderID)) == ["stop", "target"])
            await #expect(throws: BinanceError.self) { try await bench.rest.place(pair) }
            guard case .list(let cancelled) = try await bench.rest.cancel(bench.symbol, clientOrderID: "stop") else {
                Issue.record("not a list")
                return
            }
            #expect(cancelled.orders.map(\.status) == [.canceled, .canceled])
            #expect(try await bench.rest.openOrders().isEmpty)
        }
    }

    @Test("A triggered stop is told on the user data stream")
    func userData() async throws {
        try await Bench.run { bench in
            let key = try await bench.rest.openUserStream()
            #expect(try await bench.rest.openUserStream() == key)
            try await bench.rest.keepUserStream(key)
            let events = try await bench.events("/ws/\(key)", 13) { _ in
                let bought = try await bench.rest.place(try bench.order(.buy, id: "entry"))
                let price = try #require(bought.fills.first?.price)
                let stop = price.times(Ratio(9, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero)
                let target = price.times(Ratio(2, over: 1))
                _ = try await bench.rest.place(
                    BinanceNewOCO(
                        symbol: bench.symbol, side: .sell, quantity: bought.quantity, stop: stop, target: target,
                        stopClientOrderID: "stop", targetClientOrderID: "target", listClientOrderID: "pair"))
                try await bench.control("spike?symbol=BTCUSDT&factor=0.5&prints=5")
            }
            let reports = events.compactMap { if case .executionReport(let report) = $0 { report } else { nil } }
            let words = reports.map { "\($0.clientOrderID) \($0.execution)" }
            #expect(
                words.prefix(6) == [
                    "entry NEW", "entry TRADE", "stop NEW", "target NEW", "target EXPIRED", "stop TRADE",
                ], "\(words)")
            #expect(events.contains { if case .listStatus = $0 { true } else { false } })
            #expect(events.contains { if case .accountPosition = $0 { true } else { false } })
        }
    }
}
