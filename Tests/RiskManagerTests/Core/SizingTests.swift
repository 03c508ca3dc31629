import Domain
import RiskManagerCore
import Testing

struct SizingTests {
    static let wide = Sizing.Room(
        position: money("100000000"), grossExposure: money("100000000"), cash: money("100000000"), orderNotional: nil)

    private func sizing(_ riskMoney: String, _ distance: String, at entry: String, lot: String) -> Sizing {
        let instrument = Instrument(
            symbol: Case.btc, base: "B", quote: "Q", tickSize: price("0.0001"), lotSize: quantity(lot),
            minimumQuantity: quantity(lot), maximumQuantity: quantity("1000000"), minimumNotional: .zero)
        return Sizing(
            riskMoney: money(riskMoney), distance: price(distance), price: price(entry), reservePrice: price(entry),
            room: Self.wide, instrument: instrument)
    }

    // Faith, Way of the Turtle, pp. 253-254: N = 0.0141 at a point value of 42,000 is 592.20 a contract.
    @Test(arguments: [("10000", "16"), ("1000", "1")])
    func `heating oil as the turtles sized it`(risk: String, contracts: String) {
        let sizing = sizing(risk, "592.2", at: "1000", lot: "1")
        #expect(sizing.quantity == quantity(contracts))
        #expect(sizing.boundBy == nil)
    }

    @Test func `the unrounded turtle unit is 16.88`() {
        #expect(sizing("10000", "592.2", at: "1000", lot: "0.01").quantity == quantity("16.88"))
    }

    @Test func `equity times risk over the distance to the stop`() throws {
        let approved = try #require(Case().approved)
        #expect(approved.order.quantity == quantity("25"))
        #expect(approved.order.protectiveStop == price("98"))
        #expect(approved.order.protectiveTarget == price("103"))
        #expect(approved.order.expiresAt == Case.close + .seconds(30))
        #expect(approved.reserved == money("2525"))
        #expect(approved.order.purpose == .entry && approved.order.side == .buy)
        #expect(approved.order.id == DerivedID.make("ord", DerivedID.make("dec", Case().signal.id, "main")))
    }

    @Test func `the worse of the signal's price and the last one is taken`() throws {
        let dearer = Case().with { $0.prices[Case.btc] = PricePoint(price: price("102"), time: Case.close) }
        #expect(try #require(dearer.approved).order.quantity == quantity("12.5"))
        let cheaper = Case().with { $0.prices[Case.btc] = PricePoint(price: price("99"), time: Case.close) }
        #expect(try #require(cheaper.approved).order.quantity == quantity("25"))
    }

    @Test func `a cap wins and its cost is told`() throws {
        let decision = Case().with { $0.policy.limits.position = ratio("0.101") }.decide()
        guard case .approved(let approved) = decision.outcome else {
            Issue.record("refused: \(decision.reason)")
            return
        }
        #expect(approved.order.quantity == quantity("10"))
        #expect(approved.order.reason.contains("cut from 25 by the limit of one position"))
        let figures = try #require(decision.inputs.sizing)
        #expect(figures.boundBy == .position)
        #expect(figures.caps.first { $0.kind == .position }?.cost == money("1500"))
        #expect(figures.caps.first { $0.kind == .cash }?.cost == .zero)
    }

    @Test func `the venue's maximum cuts too`() throws {
        let small = Instrument(
            symbol: Case.btc, base: "BTC", quote: "USDT", tickSize: price("0.01"), lotSize: quantity("0.001"),
            minimumQuantity: quantity("0.001"), maximumQuantity: quantity("3"), minimumNotional: money("5"))
        let decision = Case().with { $0.instrument = small }.decide()
        #expect(decision.inputs.sizing?.boundBy == .venueMaximum)
        #expect(decision.inputs.sizing?.quantity == quantity("3"))
    }

    @Test func `stop and target are on the venue's tick`() throws {
        let order = try #require(
            Case().with {
                $0.stop = price("98.0099")
                $0.target = price("103.0099")
            }.approved
        ).order
        #expect(order.protectiveStop == price("98"))
        #expect(order.protectiveTarget == price("103"))
    }
}
