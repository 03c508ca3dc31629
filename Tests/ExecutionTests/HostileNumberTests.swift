import Domain
import ExecutionCore
import Testing

@Suite("Numbers at the end of their range come from outside and stop nothing")
struct HostileNumberTests {
    private static let most = Quantity(raw: .max)

    @Test("what the venue holds may be more than a quantity can say")
    func holdings() {
        let ours = [Reconciliation.Holding(instrument: Make.instrument, quantity: Make.quantity(5))]
        #expect(Reconciliation.missing(ours, venue: ["BTC": Self.most]) == [Make.btc: .zero])
        #expect(Reconciliation.missing(ours, venue: ["BTC": Quantity(raw: .min)]) == [Make.btc: Make.quantity(5)])
        let most = [Reconciliation.Holding(instrument: Make.instrument, quantity: Self.most)]
        #expect(Reconciliation.missing(most + most, venue: [:]) == [Make.btc: Self.most])
    }

    @Test("a fill beyond the range is refused, and nothing has changed")
    func fills() throws {
        let order = Make.order("ord-1", quantity: Self.most)
        var held = HeldPosition(account: "main", symbol: Make.btc)
        _ = try held.book(
            Make.fill("1", of: order, Self.most, at: Make.price(1)), of: order, lot: Make.instrument.lotSize)
        let before = held
        #expect(throws: Position.BookingError.self) {
            try held.book(
                Make.fill("2", of: order, Self.most, at: Make.price(1)), of: order, lot: Make.instrument.lotSize)
        }
        #expect(throws: Position.BookingError.self) {
            try held.book(
                Make.fill("3", of: order, Make.quantity(1), at: Make.price(1), feeInBase: Make.quantity(2)), of: order,
                lot: Make.instrument.lotSize)
        }
        #expect(held == before)
        let life = Held(OrderLife(quantity: Make.quantity(1), state: .open))
        #expect(life.handle(.filled(Self.most)) == .alarm(.overfilled))
        #expect(life.handle(.filled(Self.most)) == .alarm(.overfilled))
    }

    @Test("a fill that is none, or with a fee beyond all money, is refused, and nothing has changed")
    func feesBeyondAllMoney() throws {
        let order = Make.order("ord-1", quantity: Make.quantity(5))
        var held = HeldPosition(account: "main", symbol: Make.btc)
        _ = try held.book(
            Make.fill("1", of: order, Make.quantity(5), at: Make.price(1)), of: order, lot: Make.instrument.lotSize)
        let before = held
        for side in Side.allCases {
            for (quantity, fee) in [
                (Int64(1), Int128.max), (1, .min), (Int64.min, 0), (-1, 0), (0, 0), (Int64.min, Int128.min),
            ] {
                let fill = Fill(
                    venueTradeID: "2", orderID: order.id, account: "main", symbol: Make.btc, side: side,
                    price: Make.price(1), quantity: Quantity(raw: quantity), fee: Money(raw: fee), isMaker: false,
                    time: Make.time(1))
                #expect(throws: Position.BookingError.self) {
                    try held.book(fill, of: order, lot: Make.instrument.lotSize)
                }
            }
        }
        #expect(held == before)
    }

    @Test("the paper venue takes the highest price there is")
    func prices() {
        let book = Held(PaperBook(instrument: Make.instrument, costs: PaperBookTests.costs))
        _ = book.place(Make.order("ord-1"))
        let reports = book.handle(Tick(id: 1, price: Price(raw: .max), time: Make.time(60_000)))
        #expect(reports.count == 1)
    }
}
