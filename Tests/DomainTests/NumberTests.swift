import Domain
import TestKit
import Testing

@Suite("Numbers")
struct NumberTests {
    @Test(
        "decimal text survives a round trip", arguments: ["0", "1", "-1", "0.00000842", "92233720368.54775807", "-3.1"])
    func roundTrip(_ text: String) throws {
        #expect(try Price(text[...]).description == text)
    }

    @Test(
        "text that is not a plain decimal is refused",
        arguments: ["", "-", ".", "1.", ".5", "1e5", "NaN", "1.2.3", "+1", " 1", "--1", "1-"])
    func malformed(_ text: String) {
        #expect(throws: NumberError.malformed(text)) { try Price(text[...]) }
    }

    @Test("a ninth decimal is refused, a ninth zero is not")
    func precision() throws {
        #expect(throws: NumberError.tooPrecise("1.000000001")) { try Price("1.000000001"[...]) }
        #expect(try Price("1.0000000100"[...]) == Price(raw: 100_000_001))
        #expect(throws: NumberError.outOfRange("92233720368.54775808")) { try Price("92233720368.54775808"[...]) }
    }

    @Test("a tie goes to the even neighbour, quantities never grow")
    func rounding() {
        #expect(Price(raw: 1).times(Quantity(raw: 50_000_000)) == Money(raw: 0))
        #expect(Price(raw: 3).times(Quantity(raw: 50_000_000)) == Money(raw: 2))
        #expect(Price(raw: 1).times(Quantity(raw: 50_000_001)) == Money(raw: 1))
        #expect(Money(raw: 100_000_000).buys(at: Price(raw: 300_000_000)) == Quantity(raw: 33_333_333))
        #expect(Quantity(raw: 129).roundedDown(to: Quantity(raw: 10)) == Quantity(raw: 120))
    }

    @Test("parts of a cost add up to the cost whatever the parts are")
    func sharesConserve() {
        var random = SeededRandom(seed: 20_261_121)
        for _ in 0..<2000 {
            var position = Position(symbol: .btc, quantity: .zero, cost: .zero)
            var cash = Money.zero
            var realised = Money.zero
            var fees = Money.zero
            for step in 0..<20 {
                let buy = position.quantity.isZero || Bool.random(using: &random)
                let most = buy ? 500_000_000 : position.quantity.raw
                let fee = Money(raw: Int128(Int64.random(in: 0...10_000_000, using: &random)))
                let fill = Fill(
                    venueTradeID: "\(step)", orderID: "o", account: "a", symbol: .btc, side: buy ? .buy : .sell,
                    price: Price(raw: .random(in: 1...9_000_000_000_000, using: &random)),
                    quantity: Quantity(raw: .random(in: 1...most, using: &random)), fee: fee, isMaker: false,
                    time: .zero)
                guard let booking = try? position.book(fill) else { continue }
                cash += booking.cash
                realised += booking.realised
                fees += booking.fee
            }
            #expect(cash + position.cost == realised - fees, "seed \(random.seed)")
        }
    }
}

extension Symbol {
    static let btc = Symbol("BTCUSDT").unsafelyUnwrapped
}

@Suite("Symbols") struct SymbolTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func `a name comes back as it was, and the order is that of the names`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        var names = ["A", "0", "Z", "BTCUSDT", "BTCUSD", "1000SATSUSDT", String(repeating: "Z9", count: 10)]
        for _ in 0..<500 {
            names.append(
                String(
                    (0..<Int.random(in: 1...20, using: &random)).map { _ in
                        letters[Int.random(in: 0..<letters.count, using: &random)]
                    }))
        }
        let symbols = try names.map { try #require(Symbol($0), "\($0)") }
        #expect(symbols.map(\.name) == names)
        #expect(symbols.sorted().map(\.name) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(Set(symbols).count == Set(names).count)
    }

    @Test(arguments: ["", "btcusdt", "BTC/USDT", "BTC USDT", "BTCÜSDT", "BTC\u{0}", String(repeating: "A", count: 21)])
    func `what is no name of a market is none`(_ text: String) {
        #expect(Symbol(text) == nil)
    }
}
