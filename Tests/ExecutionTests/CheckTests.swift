import Domain
import ExecutionCore
import Testing

@Suite("The last checks")
struct CheckTests {
    let checks = OrderGuard(priceSanity: Ratio(5, over: 100), notionalCap: Make.money(5000), staleAfter: .seconds(15))

    private func refusal(
        _ order: Order, price: Int64? = 100, age: Int64 = 0, quote: (Int64, Int64)? = nil,
        best: OrderGuard.BestQuote = .printsOnly, quoteAge: Int64 = 0, held: Int64 = 0
    ) -> String {
        let market = OrderGuard.Market(
            lastPrice: price.map(Make.price), age: .milliseconds(age),
            quote: quote.map {
                .known(
                    Quote(
                        symbol: Make.btc, bid: Make.price($0.0), bidQuantity: Make.quantity(1), ask: Make.price($0.1),
                        askQuantity: Make.quantity(1), time: .zero), age: .milliseconds(quoteAge))
            } ?? best)
        do {
            try checks.check(order, instrument: Make.instrument, market: market, held: Make.quantity(held))
            return "passes"
        } catch { return error.code }
    }

    @Test("an entry needs a fresh price near the market, a stop below it, and a size under the cap")
    func entries() {
        let entry = Make.order("a", stop: Make.price(90))
        #expect(refusal(entry) == "passes")
        #expect(refusal(entry, price: nil) == "no_price")
        #expect(refusal(entry, age: 15_001) == "stale_price")
        #expect(refusal(entry, price: 90) == "stop_crossed")
        #expect(refusal(entry, quote: (99, 106)) == "price_sanity")
        #expect(refusal(entry, quote: (99, 105)) == "passes")
        #expect(refusal(entry, quote: (99, 101), quoteAge: 15_001) == "stale_quote")
        #expect(refusal(entry, quote: (99, 101), quoteAge: 15_000) == "passes")
        #expect(refusal(entry, best: .missing) == "no_quote")
        #expect(refusal(Make.order("a", .buy, .limit, limit: Make.price(99)), best: .missing) == "passes")
        #expect(refusal(Make.order("a", quantity: Make.quantity(50_001))) == "notional_cap")
        #expect(refusal(Make.order("a", quantity: Make.quantity(50_000))) == "passes")
        #expect(refusal(Make.order("a", quantity: Make.quantity(49))) == "instrument_rule")
        #expect(refusal(Make.order("a", .buy, .limit, limit: Make.price(94))) == "price_sanity")
    }

    @Test("what reduces passes without a price, above the cap, but never beyond what is held")
    func exits() {
        let exit = Make.order("a", .sell, .market, .exit, quantity: Make.quantity(90_000))
        #expect(refusal(exit, price: nil, held: 90_000) == "passes")
        #expect(refusal(exit, best: .missing, held: 90_000) == "passes")
        #expect(refusal(exit, quote: (10, 20), quoteAge: 60_000, held: 90_000) == "passes")
        #expect(refusal(exit, held: 89_999) == "more_than_held")
        #expect(refusal(Make.order("a", .buy, .market, .exit), held: 90_000) == "more_than_held")
    }

    @Test(
        "the breaker opens after failures in a row, allows a try after its pause however often it is asked, and closes on an answer"
    )
    func breaker() {
        let breaker = Held(CircuitBreaker(failuresToOpen: 3, coolDown: .seconds(10)))
        for _ in 0..<2 { breaker.failed(now: .zero) }
        breaker.succeeded()
        for _ in 0..<2 { breaker.failed(now: .zero) }
        #expect(breaker.allows(now: .zero))
        breaker.failed(now: .zero)
        #expect(!breaker.allows(now: Make.time(9999)))
        for _ in 0..<3 { #expect(breaker.allows(now: Make.time(10_000))) }
        breaker.failed(now: Make.time(10_001))
        #expect(!breaker.allows(now: Make.time(20_000)))
        #expect(breaker.allows(now: Make.time(20_001)))
        breaker.succeeded()
        #expect(breaker.allows(now: Make.time(20_002)))
    }

    @Test("reconciliation leaves strangers alone, cancels our own lost ones, and misses what is missing")
    func reconciliation() {
        #expect(Reconciliation.stranger(clientID: "web_1234") == .leaveAlone)
        #expect(Reconciliation.stranger(clientID: "ord-abc") == .cancelLoudly)
        func missing(at venue: Quantity) -> Quantity? {
            Reconciliation.missing(
                [.init(instrument: Make.instrument, quantity: Make.quantity(5))], venue: ["BTC": venue])[Make.btc]
        }
        #expect(missing(at: Make.quantity(5)) == .zero)
        #expect(missing(at: Make.quantity(5) - Quantity(raw: 999)) == .zero)
        #expect(missing(at: Make.quantity(4)) == Make.quantity(1))
        #expect(missing(at: Make.quantity(9)) == .zero)
        #expect(missing(at: .zero) == Make.quantity(5))
    }

    @Test("two markets of one asset are compared with the venue's holding together")
    func oneAsset() {
        let euro = Make.symbol("BTCEUR")
        let ether = Make.symbol("ETHUSDT")
        func instrument(_ symbol: Symbol, _ base: String) -> Instrument {
            Instrument(
                symbol: symbol, base: base, quote: "EUR", tickSize: Make.instrument.tickSize,
                lotSize: Make.instrument.lotSize, minimumQuantity: Make.instrument.minimumQuantity,
                maximumQuantity: Make.instrument.maximumQuantity, minimumNotional: Make.instrument.minimumNotional)
        }
        let books: [Reconciliation.Holding] = [
            .init(instrument: Make.instrument, quantity: Make.quantity(4)),
            .init(instrument: instrument(euro, "BTC"), quantity: Make.quantity(3)),
            .init(instrument: instrument(ether, "ETH"), quantity: Make.quantity(2)),
        ]
        // As much as the greater of the two: each by itself would seem to be there.
        #expect(
            Reconciliation.missing(books, venue: ["BTC": Make.quantity(4), "ETH": Make.quantity(2)])
                == [euro: Make.quantity(3), Make.btc: .zero, ether: .zero])
        #expect(
            Reconciliation.missing(books, venue: ["BTC": Make.quantity(2)])
                == [euro: Make.quantity(3), Make.btc: Make.quantity(2), ether: Make.quantity(2)])
        #expect(
            Reconciliation.missing(books, venue: ["BTC": Make.quantity(7), "ETH": Make.quantity(2)])
                == [euro: .zero, Make.btc: .zero, ether: .zero])
    }
}
