import Domain
import Exchanges
import TestKit
import Testing

@testable import ExchangeSim

/// A venue with one market at a price, and clients who have money.
struct Desk {
    var venue: Venue
    let symbol: Symbol
    private(set) var printID: Int64 = 0
    private(set) var now = Timestamp(seconds: 1_700_000_000)

    init(rules: VenueRules = VenueRules(), accounts: Int = 1) throws {
        symbol = try #require(Symbol("BTCUSDT"))
        let money = Balances(["USDT": try Money("10000"[...]), "BTC": try Money("1"[...])])
        venue = Venue(
            [MarketSpecification(symbol).instrument], accounts: Array(repeating: money, count: accounts), rules: rules,
            firstTradeID: 500)
        try trade("100")
        _ = venue.takeEvents()
    }

    /// The market trades here; the spread is a cent, with `depth` on each side.
    mutating func trade(_ price: String, quantity: String = "5", depth: String = "5") throws {
        let price = try Price(price[...])
        printID += 1
        now = now + .seconds(1)
        let print = Print(
            id: printID, symbol: symbol, price: price, quantity: try Quantity(quantity[...]), aggressor: .buy,
            time: now)
        let plenty = try Quantity(depth[...])
        venue.take(
            print,
            quote: Quote(
                symbol: symbol, bid: price - (try Price("0.01"[...])), bidQuantity: plenty, ask: price,
                askQuantity: plenty, time: now), now: now)
    }

    func order(
        _ side: Side, _ kind: PlaceOrder.Kind, _ quantity: String, price: String? = nil, stop: String? = nil,
        id: String = "a"
    ) throws -> PlaceOrder {
        PlaceOrder(
            symbol: symbol, side: side, kind: kind, quantity: try Quantity(quantity[...]),
            price: try price.map { try Price($0[...]) }, stopPrice: try stop.map { try Price($0[...]) },
            clientOrderID: id)
    }

    @discardableResult
    mutating func place(_ order: PlaceOrder, account: Int = 0) throws -> VenueOrder {
        let id = try venue.place(order, account: account, now: now)
        return try #require(venue.orders[id])
    }

    mutating func placePair(stop: String, target: String, quantity: String = "1") throws -> Int64 {
        try venue.place(
            PlaceList(
                symbol: symbol, side: .sell, quantity: try Quantity(quantity[...]),
                above: try order(.sell, .takeProfit, quantity, stop: target, id: "target"),
                below: try order(.sell, .stopLoss, quantity, stop: stop, id: "stop"), listClientOrderID: "pair"),
            account: 0, now: now)
    }

    func refusal(_ body: () throws -> Void) -> VenueRefusal? {
        do { try body() } catch { return error as? VenueRefusal }
        return nil
    }

    func balance(_ asset: String, account: Int = 0) -> Balances.Amount { venue.accounts[account][asset] }
}

@Suite("The venue")
struct VenueTests {
    @Test("A market order takes what the book offers, level by level, and pays the fee in the quote asset")
    func market() throws {
        var desk = try Desk()
        try desk.trade("100", depth: "1")
        let order = try desk.place(try desk.order(.buy, .market, "3"))
        #expect(order.status == .filled)
        #expect(desk.venue.fills.map(\.quantity.description) == ["1", "2"])
        #expect(desk.venue.fills.map(\.price.description) == ["100", "100.01"])
        #expect(desk.balance("BTC").free.description == "4")
        // 300.02 and a thousandth of it
        #expect(desk.balance("USDT").free.description == "9699.67998")
        #expect(desk.balance("USDT").locked.isZero)
    }

    @Test("With the fee in the received asset a buyer gets less")
    func receivedFee() throws {
        var rules = VenueRules()
        rules.commissionAsset = .received
        var desk = try Desk(rules: rules)
        try desk.place(try desk.order(.buy, .market, "1"))
        #expect(desk.balance("BTC").free.description == "1.999")
        #expect(desk.balance("USDT").free.description == "9900")
        #expect(desk.venue.fills.first?.commissionAsset == "BTC")
    }

    @Test("A client order id is refused while its order is open, and accepted again once it is over")
    func clientOrderID() throws {
        var desk = try Desk()
        try desk.place(try desk.order(.buy, .limit, "1", price: "90"))
        #expect(desk.refusal { try desk.place(try desk.order(.buy, .limit, "1", price: "91")) } == .duplicate)
        try desk.trade("89")
        let first = try #require(desk.venue.order(0, desk.symbol, clientOrderID: "a"))
        #expect(first.status == .filled)
        let second = try desk.place(try desk.order(.buy, .market, "1"))
        #expect(second.id != first.id)
        #expect(desk.venue.order(0, desk.symbol, clientOrderID: "a")?.id == second.id)
    }

    @Test("A resting order trades at its own price, as much as was printed there, as a maker")
    func resting() throws {
        var desk = try Desk()
        try desk.place(try desk.order(.sell, .limit, "1", price: "110"))
        #expect(desk.balance("BTC").locked.description == "1")
        try desk.trade("110", quantity: "0.25")
        #expect(desk.venue.order(0, desk.symbol, clientOrderID: "a")?.status == .partiallyFilled)
        try desk.trade("111", quantity: "0.001")
        #expect(desk.venue.order(0, desk.symbol, clientOrderID: "a")?.status == .filled)
        #expect(desk.venue.fills.allSatisfy { $0.isMaker && $0.price.description == "110" })
    }

    @Test("Of a stop and a target one trades, the other expires, and nothing stays locked")
    func pair() throws {
        for (price, winner, loser) in [("90", "stop", "target"), ("121", "target", "stop")] {
            var desk = try Desk()
            let id = try desk.placePair(stop: "90", target: "120")
            #expect(desk.balance("BTC").locked.description == "1")
            try desk.trade("95")
            #expect(desk.venue.fills.isEmpty)
            try desk.trade(price)
            #expect(desk.venue.order(0, desk.symbol, clientOrderID: winner)?.status == .filled)
            #expect(desk.venue.order(0, desk.symbol, clientOrderID: loser)?.status == .expired)
            #expect(desk.venue.lists[id]?.isDone == true)
            #expect(desk.balance("BTC").total.isZero)
            #expect(desk.venue.fills.count == 1)
            try desk.trade("80")
            try desk.trade("130")
            #expect(desk.venue.fills.count == 1)
        }
    }

    @Test("Cancelling one order of a list cancels both")
    func cancelPair() throws {
        var desk = try Desk()
        _ = try desk.placePair(stop: "90", target: "120")
        let stop = try #require(desk.venue.order(0, desk.symbol, clientOrderID: "stop"))
        let cancelled = try desk.venue.cancel(stop.id, account: 0, now: desk.now)
        #expect(cancelled.map(\.status) == [.canceled, .canceled])
        #expect(desk.balance("BTC").free.description == "1")
        #expect(
            desk.refusal { _ = try desk.venue.cancel(stop.id, account: 0, now: desk.now) } == .unknownOrder)
    }

    @Test("What would be wrong is refused with the exchange's reason, and changes nothing")
    func refusals() throws {
        var desk = try Desk()
        let before = desk.venue.accounts
        #expect(desk.refusal { try desk.place(try desk.order(.buy, .market, "200")) } == .insufficientBalance)
        #expect(desk.refusal { try desk.place(try desk.order(.sell, .market, "2")) } == .insufficientBalance)
        #expect(
            desk.refusal { try desk.place(try desk.order(.buy, .market, "0.000001")) } == .filter("LOT_SIZE"))
        #expect(
            desk.refusal { try desk.place(try desk.order(.buy, .limit, "1", price: "9.001")) }
                == .filter("PRICE_FILTER"))
        #expect(
            desk.refusal { try desk.place(try desk.order(.buy, .limit, "0.001", price: "90")) }
                == .filter("NOTIONAL"))
        #expect(
            desk.refusal { try desk.place(try desk.order(.sell, .stopLoss, "1", stop: "101")) } == .wouldTrigger)
        #expect(desk.refusal { _ = try desk.placePair(stop: "101", target: "120") } == .pricesOfList)
        #expect(
            desk.refusal { try desk.place(try desk.order(.buy, .limitMaker, "1", price: "100")) } == .wouldMatch)
        #expect(desk.venue.accounts == before)
        #expect(desk.venue.orders.isEmpty)
        #expect(desk.venue.takeEvents().isEmpty)
    }

    @Test("The user data stream tells of an order's whole life in order")
    func events() throws {
        var desk = try Desk()
        _ = try desk.placePair(stop: "90", target: "120")
        try desk.trade("85")
        let told = desk.venue.takeEvents().compactMap { event in
            switch event {
            case .order(let order, let execution, _, _):
                "\(order.request.clientOrderID) \(execution) \(order.status.word)"
            case .list(let list, _, _): list.isDone ? "list done" : "list open"
            case .balances: nil
            }
        }
        #expect(
            told == [
                "list open", "stop NEW NEW", "target NEW NEW", "target EXPIRED EXPIRED", "stop TRADE FILLED",
                "list done",
            ])
    }
}

@Suite("Money at the venue")
struct VenueMoneyTests {
    /// What came in and went out, from the fills alone.
    private func expected(_ desk: Desk, _ start: Balances, account: Int) -> [String: Money] {
        var amounts = ["BTC": start["BTC"].total, "USDT": start["USDT"].total]
        for fill in desk.venue.fills where fill.account == account {
            let bought = Money(raw: Int128(fill.quantity.raw))
            let sign: Int128 = fill.side == .buy ? 1 : -1
            amounts["BTC", default: .zero] += Money(raw: bought.raw * sign)
            amounts["USDT", default: .zero] -= Money(raw: fill.notional.raw * sign)
            amounts[fill.commissionAsset, default: .zero] -= fill.commission
        }
        return amounts
    }

    @Test("Nothing is made or lost, whatever is done", arguments: 1...12 as ClosedRange<UInt64>)
    func conserved(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var rules = VenueRules()
        rules.commissionAsset = seed.isMultiple(of: 2) ? .received : .quote
        rules.historyLimit = 1_000_000
        var desk = try Desk(rules: rules, accounts: 2)
        let start = desk.venue.accounts
        var price = 10_000
        for step in 0..<600 {
            try act(&desk, &random, step: step, price: &price)
            for account in 0..<2 {
                let balances = desk.venue.accounts[account]
                for (asset, total) in expected(desk, start[account], account: account) {
                    #expect(balances[asset].total == total, "seed \(seed), step \(step), \(asset)")
                    #expect(!balances[asset].free.isNegative, "seed \(seed), step \(step), \(asset)")
                    #expect(!balances[asset].locked.isNegative, "seed \(seed), step \(step), \(asset)")
                }
            }
        }
        for account in 0..<2 {
            for order in desk.venue.openOrders(account, nil) where desk.venue.orders[order.id]?.isOpen ?? false {
                _ = try desk.venue.cancel(order.id, account: account, now: desk.now)
            }
            #expect(desk.balance("BTC", account: account).locked.isZero, "seed \(seed)")
            #expect(desk.balance("USDT", account: account).locked.isZero, "seed \(seed)")
        }
        #expect(desk.venue.fills.count > 20, "seed \(seed)")
        #expect(Set(desk.venue.fills.map(\.tradeID)).count == desk.venue.fills.count, "seed \(seed)")
    }

    private func act(_ desk: inout Desk, _ random: inout SeededRandom, step: Int, price: inout Int) throws {
        func cents(_ value: Int) -> String { Price(raw: Int64(value) * 1_000_000).description }
        let account = Int.random(in: 0...1, using: &random)
        let side: Side = Bool.random(using: &random) ? .buy : .sell
        let quantity = Quantity(raw: Int64.random(in: 100...90_000, using: &random) * 1000).description
        let near = cents(price + Int.random(in: -300...300, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            price = max(5000, price + Int.random(in: -200...200, using: &random))
            try desk.trade(cents(price), quantity: quantity, depth: "0.3")
        case 4...5: _ = try? desk.place(try desk.order(side, .market, quantity, id: "m\(step)"), account: account)
        case 6:
            _ = try? desk.place(try desk.order(side, .limit, quantity, price: near, id: "l\(step)"), account: account)
        case 7:
            let kind: PlaceOrder.Kind = Bool.random(using: &random) ? .stopLoss : .takeProfit
            _ = try? desk.place(try desk.order(side, kind, quantity, stop: near, id: "s\(step)"), account: account)
        case 8: _ = try? desk.placePair(stop: cents(price - 150), target: cents(price + 150), quantity: quantity)
        default:
            guard let order = desk.venue.openOrders(account, nil).randomElement(using: &random) else { return }
            _ = try desk.venue.cancel(order.id, account: account, now: desk.now)
        }
    }
}
