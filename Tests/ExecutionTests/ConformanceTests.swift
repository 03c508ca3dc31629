import Domain
import Exchanges
import ExecutionCore
import Foundation
import Logging
import Outbound
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import ExchangeSim
@testable import ExecutionApp

/// A venue under test, and a market that can be moved.
protocol Market: Sendable {
    var venue: any ExecutionApp.Venue { get }
    var symbol: Symbol { get }
    /// Lets some trades happen at the usual price times `factor`.
    func trade(at factor: Ratio) async throws
    var price: Price { get async throws }
    func close() async throws
}

/// The paper venue, fed by hand.
final class PaperMarket: Market {
    let adapter: PaperAdapter
    let symbol = Make.btc
    private let id = Mutex<Int64>(0)
    var venue: any ExecutionApp.Venue { adapter }
    var price: Price { Make.price(64_000) }

    init() async {
        adapter = PaperAdapter(costs: PaperBookTests.costs, instruments: [Make.instrument])
        await adapter.adopt(symbol, [], since: [])
    }

    func trade(at factor: Ratio) async throws {
        let next = id.withLock { id in
            id += 1
            return id
        }
        adapter.handle([
            Print(
                id: next, symbol: symbol, price: price.times(factor), quantity: Make.quantity(1000), aggressor: .buy,
                time: Make.time(1000 * next))
        ])
    }

    func close() async throws {}
}

/// The Binance adapter on the stand-in exchange, over HTTP and WebSocket.
final class BinanceMarket: Market {
    let server: ExchangeServer
    let venue: any ExecutionApp.Venue
    let symbol = Make.btc

    init() async throws {
        let signer = BinanceSigner(apiKey: "key", secret: "secret")
        var settings = ExchangeSettings(mode: .generator([Make.btc]))
        settings.pace = .stepped
        settings.history = .seconds(120)
        settings.accounts = [.init(signer: signer, balances: ["USDT": Make.money(100_000)])]
        server = try await ExchangeServer.start(settings)
        let rest = BinanceREST(
            .init(baseURL: "http://127.0.0.1:\(server.port)"), transport: HTTPTransport(HTTPClient()), signer: signer,
            wallClock: { SystemClock().now() })
        let stream = BinanceUserStream(
            rest: rest, socket: WebSocketClient(), url: "ws://127.0.0.1:\(server.port)", logger: Logger(label: "stream")
        )
        let folder = try Scratch.folder()
        let rules = MarketRules(folder: folder.path, logger: Logger(label: "rules")) {
            try await rest.exchangeInfo($0).instruments
        }
        try await rules.learn([Make.btc])
        venue = BinanceVenue(account: "main", rest: rest, stream: stream, rules: rules)
    }

    var price: Price {
        get async throws {
            try #require(try await server.with { $0.tapes[Make.btc]?.lastPrint?.price })
        }
    }

    func trade(at factor: Ratio) async throws {
        if factor != .one {
            try await server.with { $0.faults.spikes[Make.btc] = .init(factor: factor, prints: 3) }
        }
        let emitted = try await server.advance(to: try await server.now + .seconds(60))
        #expect(emitted > 0)
    }

    func close() async throws { await server.stop() }
}

@Suite("Every venue keeps the same promises")
struct ConformanceTests {
    enum Kind: String, CaseIterable, Sendable { case paper, binance }

    private func market(_ kind: Kind) async throws -> any Market {
        switch kind {
        case .paper: await PaperMarket()
        case .binance: try await BinanceMarket()
        }
    }

    private func order(_ id: String, _ side: Side, _ type: OrderType, at trigger: Price? = nil) -> Order {
        let purpose: OrderPurpose = side == .buy ? .entry : type == .stop ? .stopLoss : .takeProfit
        return Make.order(id, side, type, purpose, quantity: Make.quantity(10), trigger: trigger)
    }

    private func pair(_ market: any Market, _ tag: String) async throws -> (stop: Order, target: Order) {
        let price = try await market.price
        func level(_ tenths: Int64) -> Price {
            price.times(Ratio(tenths, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero)
        }
        return (
            order("sl-\(tag)", .sell, .stop, at: level(9)), order("tp-\(tag)", .sell, .takeProfit, at: level(11))
        )
    }

    private func bought(_ market: any Market) async throws -> ExecutionApp.VenueOrder {
        _ = try await market.venue.place(order("ord-1", .buy, .market), as: .market, claimed: SystemClock().now())
        try await market.trade(at: .one)
        return try #require(try await market.venue.find("ord-1", market.symbol))
    }

    @Test("a market order is filled once, for all of it, and its fills can be fetched", arguments: Kind.allCases)
    func marketOrder(_ kind: Kind) async throws {
        let market = try await market(kind)
        #expect(try await market.venue.find("ord-0", market.symbol) == nil)
        let found = try await bought(market)
        #expect(found.status == .filled && found.executed == Make.quantity(10))
        let fills = try await market.venue.fills(of: found)
        #expect(fills.reduce(.zero) { $0 + $1.quantity } == Make.quantity(10))
        #expect(fills.allSatisfy { $0.orderID == "ord-1" && $0.side == .buy && $0.fee.isPositive })
        #expect(Set(fills.map(\.venueTradeID)).count == fills.count)
        try await market.close()
    }

    @Test("a pair rests, is taken back together, and then is not open", arguments: Kind.allCases)
    func pairIsCancelled(_ kind: Kind) async throws {
        let market = try await market(kind)
        _ = try await bought(market)
        let (stop, target) = try await pair(market, "1")
        let placed = try await market.venue.place(
            stop: stop, target: target, list: "oco-1", claimed: SystemClock().now())
        #expect(Set(placed.map(\.id)) == ["sl-1", "tp-1"] && placed.allSatisfy { $0.status == .resting })
        #expect(Set(try await market.venue.openOrders().map(\.id)) == ["sl-1", "tp-1"])
        // Sent again while it is open, it must not be there twice.
        _ = try? await market.venue.place(stop: stop, target: target, list: "oco-1", claimed: SystemClock().now())
        #expect(try await market.venue.openOrders().count == 2)
        try await market.venue.cancel("sl-1", market.symbol)
        #expect(try await market.venue.openOrders().isEmpty)
        #expect(try await market.venue.find("tp-1", market.symbol)?.status == .cancelled)
        await #expect { try await market.venue.cancel("sl-1", market.symbol) } throws: {
            ($0 as? VenueError)?.kind == .unknown
        }
        try await market.close()
    }

    @Test(
        "of a pair one leg fills, the other is over, and both are reported",
        arguments: Kind.allCases, [(8, "sl-1", "tp-1"), (12, "tp-1", "sl-1")])
    func pairFills(_ kind: Kind, _ move: (tenths: Int64, fills: String, ends: String)) async throws {
        let market = try await market(kind)
        let heard = Heard()
        let listening = Task { try await market.venue.run { heard.add($0) } }
        try await eventually("the venue reports") { heard.isConnected ? true : nil }
        _ = try await bought(market)
        let (stop, target) = try await pair(market, "1")
        _ = try await market.venue.place(stop: stop, target: target, list: "oco-1", claimed: SystemClock().now())
        try await market.trade(at: Ratio(move.tenths, over: 10))
        let filled = try #require(try await market.venue.find(move.fills, market.symbol))
        #expect(filled.status == .filled && filled.executed == Make.quantity(10))
        #expect(try await market.venue.fills(of: filled).reduce(.zero) { $0 + $1.quantity } == Make.quantity(10))
        #expect(try await market.venue.find(move.ends, market.symbol)?.status == .cancelled)
        try await eventually("the fill is reported") {
            heard.fills(of: move.fills).reduce(.zero) { $0 + $1.quantity } == Make.quantity(10) ? true : nil
        }
        listening.cancel()
        _ = await listening.result
        try await market.close()
    }

    @Test("a limit order away from the market rests, is not taken twice, and is taken back", arguments: Kind.allCases)
    func limitRests(_ kind: Kind) async throws {
        let market = try await market(kind)
        try await market.trade(at: .one)
        let half = try await market.price.times(Ratio(1, over: 2)).rounded(to: Price(raw: 1_000_000), .towardZero)
        let order = Make.order("ord-1", .buy, .limit, .entry, quantity: Make.quantity(10), limit: half)
        let placed = try await market.venue.place(order, as: .limit, claimed: SystemClock().now())
        #expect(placed.status == .resting && placed.executed == .zero && placed.fills.isEmpty)
        _ = try? await market.venue.place(order, as: .limit, claimed: SystemClock().now())
        try await market.trade(at: .one)
        #expect(try await market.venue.openOrders().map(\.id) == ["ord-1"])
        try await market.venue.cancel("ord-1", market.symbol)
        let over = try #require(try await market.venue.find("ord-1", market.symbol))
        #expect(over.status == .cancelled && over.executed == .zero)
        #expect(try await market.venue.fills(of: over).isEmpty)
        try await market.close()
    }

    @Test("a stop alone fires once, and what it sold can be fetched", arguments: Kind.allCases)
    func stopAlone(_ kind: Kind) async throws {
        let market = try await market(kind)
        _ = try await bought(market)
        let (stop, _) = try await pair(market, "1")
        #expect(try await market.venue.place(stop, as: .stop, claimed: SystemClock().now()).status == .resting)
        try await market.trade(at: Ratio(8, over: 10))
        try await market.trade(at: Ratio(8, over: 10))
        let found = try #require(try await market.venue.find("sl-1", market.symbol))
        #expect(found.status == .filled && found.executed == Make.quantity(10))
        let fills = try await market.venue.fills(of: found)
        #expect(fills.reduce(.zero) { $0 + $1.quantity } == Make.quantity(10))
        #expect(fills.allSatisfy { $0.side == .sell && $0.orderID == "sl-1" })
        try await market.close()
    }

    /// What a venue told by itself.
    private final class Heard: Sendable {
        private let state = Mutex<(connected: Bool, orders: [ExecutionApp.VenueOrder])>((false, []))
        var isConnected: Bool { state.withLock { $0.connected } }

        func add(_ news: VenueNews) {
            state.withLock { state in
                switch news {
                case .connected: state.connected = true
                case .order(let order): state.orders.append(order)
                case .disconnected: break
                }
            }
        }

        /// Each fill once.
        func fills(of id: String) -> Set<Fill> {
            state.withLock { state in Set(state.orders.filter { $0.id == id }.flatMap(\.fills)) }
        }
    }
}
