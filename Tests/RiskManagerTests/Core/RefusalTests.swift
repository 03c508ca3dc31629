import Domain
import RiskManagerCore
import Testing

/// One line for each way to be refused: what is changed in a case that would be approved, and the code.
struct RefusalTests {
    struct Line: Sendable, CustomTestStringConvertible {
        let code: String
        let refusal: Refusal
        let change: @Sendable (inout Case) -> Void
        var testDescription: String { code }
    }

    static let btc = Case.btc
    static let eth = Case.eth

    static let state: [Line] = [
        Line(code: "trading_paused", refusal: .tradingPaused) { $0.state = .paused },
        Line(code: "trading_stopped", refusal: .tradingStopped) { $0.state = .stopped },
        Line(code: "unknown_instrument", refusal: .unknownInstrument(btc)) { $0.instrument = nil },
        Line(code: "expired", refusal: .expired(age: .milliseconds(30_001), limit: .seconds(30))) {
            $0.marketTime = Case.close + .milliseconds(30_001)
        },
        Line(code: "price_missing", refusal: .priceMissing(btc)) { $0.prices = [:] },
        Line(code: "price_missing", refusal: .priceMissing(eth)) { $0.positions = [held(eth, "1", cost: "50")] },
        Line(code: "price_stale", refusal: .priceStale(btc, age: .milliseconds(15_001), limit: .seconds(15))) {
            $0.prices[btc] = PricePoint(price: price("100"), time: Case.close - .milliseconds(15_001))
        },
        Line(code: "price_stale", refusal: .priceStale(eth, age: .seconds(16), limit: .seconds(15))) {
            $0.positions = [held(eth, "1", cost: "50")]
            $0.prices[eth] = PricePoint(price: price("50"), time: Case.close - .seconds(16))
        },
        Line(code: "stop_missing", refusal: .stopMissing) { $0.stop = nil },
        Line(code: "stop_invalid", refusal: .stopInvalid(stop: price("100"), price: price("100"))) {
            $0.stop = price("100")
        },
        Line(code: "stop_invalid", refusal: .stopInvalid(stop: price("-1"), price: price("100"))) {
            $0.stop = price("-1")
        },
        Line(code: "stop_invalid", refusal: .stopInvalid(stop: price("98"), price: price("97"))) {
            $0.prices[btc] = PricePoint(price: price("97"), time: Case.close)
        },
        Line(code: "target_invalid", refusal: .targetInvalid(target: price("99"), price: price("100"))) {
            $0.target = price("99")
        },
    ]

    static let positions: [Line] = [
        Line(code: "already_in_position", refusal: .alreadyInPosition(btc, held: quantity("2"))) {
            $0.positions = [held(btc, "2", cost: "200", strategy: "another")]
        },
        Line(code: "entry_in_progress", refusal: .entryInProgress(btc, order: "ord-1")) {
            $0.liveOrders = [live("ord-1", btc, .entry)]
        },
        Line(code: "open_positions_limit", refusal: .openPositionsLimit(open: 2, limit: 2)) {
            $0.policy.limits.openPositions = 2
            $0.prices[eth] = PricePoint(price: price("50"), time: Case.close)
            $0.positions = [held(eth, "1", cost: "50")]
            $0.liveOrders = [live("ord-1", symbol("SOLUSDT"), .entry)]
        },
    ]

    static let losses: [Line] = [
        Line(code: "no_equity", refusal: .noEquity(.zero)) { $0.cash = .zero },
        Line(code: "drawdown_limit", refusal: .drawdownLimit(drawdown: ratio("0.1"), limit: ratio("0.1"))) {
            $0.marks = ProfitMarks(peak: money("1000"), dayStart: money("-100"), day: CivilDay(containing: Case.close))
            $0.cash = money("9900")
        },
        Line(
            code: "monthly_drawdown_limit",
            refusal: .monthlyDrawdownLimit(drawdown: ratio("0.05"), limit: ratio("0.05"))
        ) {
            $0.cash = money("9500")
            $0.marks = ProfitMarks(dayStart: money("-500"), day: CivilDay(containing: Case.close))
        },
        Line(
            code: "monthly_drawdown_limit",
            refusal: .monthlyDrawdownLimit(drawdown: ratio("0.02"), limit: ratio("0.02"))
        ) {
            $0.cash = money("9800")
            $0.goals = [GoalStanding(id: "g", kind: .portfolioValue, progress: ratio("0.9"))]
        },
        Line(code: "daily_loss_limit", refusal: .dailyLossLimit(loss: ratio("0.03"), limit: ratio("0.03"))) {
            $0.cash = money("9700")
        },
    ]

    static let sizes: [Line] = [
        Line(code: "position_limit", refusal: .capReached(.position, left: .zero, smallest: money("5"))) {
            $0.policy.limits.position = .zero
        },
        Line(code: "exposure_limit", refusal: .capReached(.grossExposure, left: money("4"), smallest: money("5"))) {
            $0.liveOrders = [live("ord-1", eth, .entry, reserved: "7996")]
        },
        Line(code: "insufficient_cash", refusal: .capReached(.cash, left: money("3"), smallest: money("5"))) {
            $0.policy.limits.grossExposure = ratio("2")
            $0.liveOrders = [live("ord-1", eth, .entry, reserved: "9997")]
        },
        Line(
            code: "order_notional_limit", refusal: .capReached(.orderNotional, left: money("2"), smallest: money("5"))
        ) { $0.policy.limits.orderNotional = money("2") },
        Line(
            code: "below_minimum_quantity",
            refusal: .venueFilter(.belowMinimumQuantity(.zero, minimum: quantity("0.001")))
        ) { $0.policy.riskPerTrade = ratio("0.0000001") },
        Line(
            code: "below_minimum_notional",
            refusal: .venueFilter(.belowMinimumNotional(money("4.9"), minimum: money("5")))
        ) { $0.policy.riskPerTrade = ratio("0.0000098") },
    ]

    @Test(arguments: state + positions + losses + sizes)
    func `an entry is refused with the numbers that decided`(line: Line) throws {
        #expect(Case().approved != nil)
        let decision = Case().with(line.change).decide()
        #expect(decision.outcome == .refused(line.refusal))
        #expect(decision.code == line.code)
        #expect(!decision.reason.isEmpty)
    }

    @Test func `just inside every limit an entry is approved`() {
        let inside = Case().with {
            $0.marketTime = Case.close + .seconds(30)
            $0.prices[Case.btc] = PricePoint(price: price("100"), time: Case.close - .seconds(15))
            $0.cash = money("9700.01")
        }
        #expect(inside.approved != nil)
    }

    @Test func `every refusal has its own code`() {
        let violations: [Instrument.Violation] = [
            .belowMinimumQuantity(.zero, minimum: .zero), .aboveMaximumQuantity(.zero, maximum: .zero),
            .belowMinimumNotional(.zero, minimum: .zero),
        ]
        let lines = Self.state + Self.positions + Self.losses + Self.sizes
        var codes = Set(lines.map(\.refusal.code))
        codes.formUnion(violations.map { Refusal.venueFilter($0).code })
        codes.formUnion(
            [
                Refusal.nothingToExit(Case.btc, strategy: "s"), .exitInProgress(Case.btc, order: "o"),
                .dust(Case.btc, held: .zero),
            ].map(\.code))
        #expect(codes.count == 26)
    }
}
