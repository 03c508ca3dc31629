import Domain
import RiskManagerCore
import Testing

struct GoalFactorTests {
    private func factor(_ kind: Goal.Kind, _ progress: String, boost: Bool = true) -> Ratio {
        GoalFactors(boost: boost).outcome(for: [GoalStanding(id: "g", kind: kind, progress: ratio(progress))]).factor
    }

    @Test(arguments: [
        ("0", "1.3"), ("0.25", "1.3"), ("0.29999999", "1.3"), ("0.3", "1"), ("0.4", "1"), ("0.5", "1"),
        ("0.79999999", "1"), ("0.8", "0.7"), ("0.94", "0.7"), ("0.95", "0.5"), ("1", "0.5"), ("10", "0.5"),
    ])
    func `progress makes the factor`(progress: String, expected: String) {
        #expect(factor(.monthlyReturn, progress) == ratio(expected))
        #expect(factor(.monthlyIncome, progress) == ratio(expected))
    }

    @Test(arguments: [
        ("0.25", "1.3"), ("0.5", "1"), ("0.8", "0.7"), ("0.875", "0.525"), ("0.95", "0.25"), ("1.2", "0.25"),
    ])
    func `near a portfolio target what is there is kept`(progress: String, expected: String) {
        #expect(factor(.portfolioValue, progress) == ratio(expected))
    }

    @Test func `without boost no goal raises a size`() {
        #expect(factor(.monthlyReturn, "0", boost: false) == .one)
        #expect(factor(.monthlyReturn, "0.8", boost: false) == ratio("0.7"))
        var plain = Case()
        plain.policy.goalFactors = GoalFactors(boost: false)
        plain.goals = [GoalStanding(id: "g", kind: .monthlyIncome, progress: .zero)]
        #expect(plain.approved?.order.quantity == quantity("25"))
    }

    @Test func `the factor scales the size and is in the row`() {
        let near = Case().with { $0.goals = [GoalStanding(id: "g", kind: .monthlyIncome, progress: ratio("0.8"))] }
        #expect(near.approved?.order.quantity == quantity("17.5"))
        #expect(near.decide().inputs.goal?.factor == ratio("0.7"))
        let behind = Case().with { $0.goals = [GoalStanding(id: "g", kind: .monthlyIncome, progress: .zero)] }
        #expect(behind.approved?.order.quantity == quantity("32.5"))
    }

    @Test func `of several goals the most careful decides`() {
        let goals = [
            GoalStanding(id: "a", kind: .monthlyIncome, progress: .zero),
            GoalStanding(id: "b", kind: .portfolioValue, progress: ratio("0.95")),
        ]
        let outcome = GoalFactors().outcome(for: goals)
        #expect(outcome.goal?.id == "b")
        #expect(outcome.factor == ratio("0.25"))
    }

    @Test func `more progress never raises the factor`() {
        for kind in Goal.Kind.allCases {
            var last = Ratio(10, over: 1)
            for percent in 0...120 {
                let now = factor(kind, Ratio(Int64(percent), over: 100).description)
                #expect(now <= last, "\(kind) at \(percent) %")
                last = now
            }
        }
    }
}
