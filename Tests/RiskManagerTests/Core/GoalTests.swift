import Domain
import RiskManagerCore
import Testing

struct GoalTests {
    private func goal(_ kind: Goal.Kind, target: String, start: CivilDay, days: Int64 = 90) -> Goal {
        Goal(
            id: "g", account: "a", kind: kind, target: money(target), startEquity: money("10000"), start: start.start,
            deadline: start.start + .days(days))
    }

    private let november = CivilDay(year: 2026, month: 11, day: 10)

    @Test(arguments: [
        (Goal.Kind.monthlyReturn, "5", "10250", "0", "0.5"), (.monthlyIncome, "400", "10100", "0", "0.25"),
        (.portfolioValue, "12000", "11600", "0", "0.8"), (.portfolioValue, "12000", "12600", "1000", "0.8"),
        (.portfolioValue, "12000", "9000", "0", "0"), (.monthlyIncome, "400", "9500", "-600", "0.25"),
    ])
    func `progress leaves moved money out`(
        kind: Goal.Kind, target: String, equity: String, moved: String, expected: String
    ) {
        let standing = GoalStanding(
            goal(kind, target: target, start: november), equity: money(equity), netDeposits: money(moved))
        #expect(standing.progress == ratio(expected))
    }

    @Test func `a goal is reached, missed, or goes on`() {
        let goal = goal(.portfolioValue, target: "12000", start: november)
        let later = november.start + .days(40)
        #expect(GoalPeriod.step(goal, progress: .one, at: later) == .reached)
        #expect(GoalPeriod.step(goal, progress: ratio("0.99"), at: later) == .goesOn)
        #expect(GoalPeriod.step(goal, progress: ratio("0.99"), at: goal.deadline) == .missed)
    }

    @Test func `a monthly goal starts again with each calendar month`() {
        let goal = goal(.monthlyIncome, target: "400", start: november)
        let december = CivilDay(year: 2026, month: 12, day: 1).start
        #expect(GoalPeriod.step(goal, progress: .zero, at: december - .seconds(1)) == .goesOn)
        #expect(GoalPeriod.step(goal, progress: .zero, at: december) == .nextMonth)
        #expect(GoalPeriod.nextMonthStart(after: december) == CivilDay(year: 2027, month: 1, day: 1).start)
    }
}
