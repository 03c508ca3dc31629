import Domain
import ExecutionCore
import TestKit
import Testing

@Suite("The paper venue")
struct PaperBookTests {
    static let costs = PaperCosts(
        latency: .milliseconds(50), fee: Ratio(1, over: 1000), slippage: Ratio(2, over: 10_000))

    private func book(kept: Int = 0) -> Held<PaperBook> {
        Held(PaperBook(instrument: Make.instrument, costs: Self.costs, keptPrints: kept))
    }

    private func prices(_ reports: [PaperReport]) -> [String] {
        reports.map {
            switch $0 {
            case .filled(let fill): "\(fill.orderID) \(fill.price)"
            case .cancelled(let id): "\(id) cancelled"
            }
        }
    }

    @Test("a market order fills at the first print once it is there, with slippage, fee and a fixed trade id")
    func market() {
        let book = self.book()
        #expect(book.place(Make.order("a", decidedAt: Make.time(1000))).isEmpty)
        #expect(book.handle(Make.tick(1, 100, at: 1049)).isEmpty)
        let reports = book.handle(Make.tick(2, 200, at: 1050))
        #expect(prices(reports) == ["a 200.04"])
        guard case .filled(let fill)? = reports.first else { return }
        #expect(fill.fee == Money(raw: 20_004_000) && fill.venueTradeID == "a/1" && fill.time == Make.time(1050))
        #expect(book.status(of: "a") == .filled && book.value.open.isEmpty)
    }

    @Test("an order that comes late meets the print it would have met in time")
    func late() {
        let early = self.book()
        let late = self.book(kept: 8)
        let order = Make.order("a", decidedAt: Make.time(1000))
        let ticks = (0..<6).map { Make.tick($0, 100 + $0, at: 990 + 20 * $0) }
        var expected = early.place(order)
        for tick in ticks {
            expected += early.handle(tick)
            _ = late.handle(tick)
        }
        #expect(late.place(order) == expected)
        #expect(prices(expected) == ["a 103.03"])
        #expect(late.place(order).isEmpty)
    }

    @Test("of a pair, one fills and the other is gone", arguments: [(80, "sl 79.98"), (130, "tp 129.97")])
    func pair(_ price: Int64, _ expected: String) {
        let book = self.book()
        let stop = Make.order("sl", .sell, .stop, .stopLoss, trigger: Make.price(90))
        let target = Make.order("tp", .sell, .takeProfit, .takeProfit, trigger: Make.price(120))
        _ = book.place(stop: stop, target: target)
        #expect(book.handle(Make.tick(1, 100, at: 100)).isEmpty)
        let other = expected.hasPrefix("sl") ? "tp" : "sl"
        #expect(prices(book.handle(Make.tick(2, price, at: 200))) == [expected, "\(other) cancelled"])
        #expect(book.handle(Make.tick(3, 1, at: 300)).isEmpty)
        #expect(book.status(of: other) == .cancelled)
    }

    @Test("cancelling one leg cancels the pair")
    func cancelPair() {
        let book = self.book()
        _ = book.place(
            stop: Make.order("sl", .sell, .stop, .stopLoss, trigger: Make.price(90)),
            target: Make.order("tp", .sell, .takeProfit, .takeProfit, trigger: Make.price(120)))
        #expect(book.cancel("tp") == ["tp", "sl"])
        #expect(book.cancel("tp").isEmpty)
        #expect(book.handle(Make.tick(1, 1, at: 100)).isEmpty)
    }

    @Test("a limit order takes a better price on arrival, then waits for a print through its limit")
    func limit() {
        let taking = self.book()
        _ = taking.place(Make.order("a", type: .limit, limit: Make.price(110)))
        #expect(prices(taking.handle(Make.tick(1, 100, at: 50))) == ["a 100.02"])
        let resting = self.book()
        _ = resting.place(Make.order("b", type: .limit, limit: Make.price(95)))
        #expect(resting.handle(Make.tick(1, 100, at: 50)).isEmpty)
        #expect(resting.handle(Make.tick(2, 95, at: 60)).isEmpty)
        #expect(prices(resting.handle(Make.tick(3, 94, at: 70))) == ["b 95"])
    }

    @Test("a print that comes twice, or late, changes nothing")
    func repeats() {
        let book = self.book()
        _ = book.handle(Make.tick(5, 100, at: 500))
        _ = book.place(Make.order("sl", .sell, .stop, .stopLoss, trigger: Make.price(90)))
        #expect(book.handle(Make.tick(5, 80, at: 500)).isEmpty)
        #expect(book.handle(Make.tick(4, 80, at: 499)).isEmpty)
        #expect(prices(book.handle(Make.tick(6, 80, at: 500))) == ["sl 79.98"])
    }

    @Test("the thresholds that skip prints never skip a fill")
    func thresholds() {
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            let fast = self.book()
            let slow = self.book()
            var price: Int64 = 100
            for step in 0..<Int64(200) {
                price = max(50, price + Int64.random(in: -3...3, using: &random))
                if Int.random(in: 0..<10, using: &random) == 0 {
                    let order = randomOrder("o\(step)", around: price, at: step * 10, &random)
                    #expect(fast.place(order) == slow.place(order))
                }
                let tick = Make.tick(step, price, at: step * 10)
                slow.value.wake = .zero
                #expect(fast.handle(tick) == slow.handle(tick), "seed \(seed) step \(step)")
            }
        }
    }

    private func randomOrder(
        _ id: String, around price: Int64, at milliseconds: Int64, _ random: inout SeededRandom
    ) -> Order {
        let side: Side = Bool.random(using: &random) ? .buy : .sell
        let type = OrderType.allCases.randomElement(using: &random) ?? .market
        let level = Make.price(price + Int64.random(in: -5...5, using: &random))
        return Make.order(id, side, type, limit: level, trigger: level, decidedAt: Make.time(milliseconds))
    }
}

extension Make {
    static func order(_ id: String, type: OrderType, limit: Price) -> Order {
        order(id, .buy, type, .entry, limit: limit)
    }
}
