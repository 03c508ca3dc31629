import Domain
import RiskManagerCore
import Testing

struct PerformanceTests {
    private let day = CivilDay(year: 2026, month: 11, day: 21)

    private func account(cash: String, deposits: String, _ marks: ProfitMarks, _ positions: [HeldPosition] = [])
        -> AccountSnapshot
    {
        AccountSnapshot(
            id: "a", state: .running, cash: money(cash), netDeposits: money(deposits), positions: positions,
            liveOrders: [live("o", Case.eth, .entry, reserved: "100")], marks: marks)
    }

    @Test func `drawdown is on the equity, open profit included`() {
        let prices = [Case.btc: PricePoint(price: price("90"), time: day.start)]
        let marks = ProfitMarks(peak: money("1000"), monthPeak: money("200"), dayStart: money("0"), day: day)
        let performance = Performance(
            account(cash: "9000", deposits: "10000", marks, [held(Case.btc, "10", cost: "1000")]), prices: prices,
            at: day.start)
        #expect(performance.equity == money("9900"))
        #expect(performance.profit == money("-100"))
        #expect(performance.exposure == money("1000"))
        #expect(performance.drawdown == ratio("0.1"))
        #expect(performance.monthlyDrawdown == ratio("0.02941177"))
        #expect(performance.dailyLoss == ratio("0.01"))
    }

    @Test(arguments: ["90000", "1", "-8000", "-8999"])
    func `money moved in or out is neither profit nor drawdown`(amount: String) {
        var marks = ProfitMarks(peak: money("500"), monthPeak: money("100"), dayStart: money("-700"), day: day)
        let before = Performance(account(cash: "9000", deposits: "10000", marks), prices: [:], at: day.start)
        marks.transfer(profit: before.profit, equity: before.equity, newEquity: before.equity + money(amount))
        let moved = AccountSnapshot(
            id: "a", state: .running, cash: money("9000") + money(amount),
            netDeposits: money("10000") + money(amount), positions: [], liveOrders: [], marks: marks)
        let after = Performance(moved, prices: [:], at: day.start)
        #expect(after.profit == before.profit)
        #expect(after.drawdown.distance(before.drawdown) <= 10)
        #expect(after.monthlyDrawdown.distance(before.monthlyDrawdown) <= 10)
        #expect(after.dailyLoss.distance(before.dailyLoss) <= 10)
    }

    @Test func `marks go with day and month`() {
        var marks = ProfitMarks()
        marks.observe(profit: money("-5"), at: day.start)
        #expect(marks == ProfitMarks(dayStart: .zero, day: day))
        marks.observe(profit: money("50"), at: day.start + .minutes(5))
        #expect(marks == ProfitMarks(peak: money("50"), monthPeak: money("50"), dayStart: .zero, day: day))
        marks.observe(profit: money("40"), at: day.start + .days(1))
        #expect(marks.dayStart == money("40") && marks.monthPeak == money("50"))
        marks.observe(profit: money("30"), at: day.start + .days(10))
        #expect(marks.dayStart == money("30") && marks.monthPeak == money("30") && marks.peak == money("50"))
    }

    @Test func `a late look at yesterday does not turn the day back`() {
        var marks = ProfitMarks(dayStart: money("7"), day: day)
        marks.observe(profit: money("9"), at: day.start - .minutes(1))
        #expect(marks.day == day && marks.dayStart == money("7"))
    }
}

extension Ratio {
    fileprivate func distance(_ other: Ratio) -> Int64 { abs(raw - other.raw) }
}
