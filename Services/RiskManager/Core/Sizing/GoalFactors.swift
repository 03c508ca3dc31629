package import Domain

/// How the distance to the goal changes the size of an entry: one input, never the last word.
///
/// Behind the goal a little more, near it less; and near a portfolio target less again, to keep what is there.
package struct GoalFactors: Hashable, Sendable {
    /// From this progress on, this factor.
    package struct Step: Hashable, Sendable {
        package let from: Ratio
        package let factor: Ratio

        package init(from: Ratio, factor: Ratio) {
            self.from = from
            self.factor = factor
        }
    }

    /// In ascending order of progress; below the first the factor is one.
    package let steps: [Step]
    /// Where the preservation of a portfolio target begins: a factor of one.
    package let preservationFrom: Ratio
    /// Where it ends, at `preservationFactor`.
    package let preservationTo: Ratio
    package let preservationFactor: Ratio
    /// false: no goal raises a size.
    package let boost: Bool

    package init(
        steps: [Step] = Self.usual, preservationFrom: Ratio = Ratio(80, over: 100),
        preservationTo: Ratio = Ratio(95, over: 100), preservationFactor: Ratio = Ratio(1, over: 2), boost: Bool = true
    ) {
        self.steps = steps.sorted { $0.from < $1.from }
        self.preservationFrom = preservationFrom
        self.preservationTo = preservationTo
        self.preservationFactor = preservationFactor
        self.boost = boost
    }

    /// 1.3 below 30 %, 1 from there, 0.7 from 80 %, 0.5 from 95 %.
    package static let usual = [
        Step(from: .zero, factor: Ratio(13, over: 10)), Step(from: Ratio(30, over: 100), factor: .one),
        Step(from: Ratio(80, over: 100), factor: Ratio(7, over: 10)),
        Step(from: Ratio(95, over: 100), factor: Ratio(1, over: 2)),
    ]

    /// What the goals make of a size.
    package struct Outcome: Hashable, Sendable {
        /// The goal that decided; nil without goals.
        package let goal: GoalStanding?
        package let factor: Ratio
        /// The part of the factor that keeps a portfolio target.
        package let preservation: Ratio
    }

    /// The most careful of the goals decides; one without goals.
    package func outcome(for goals: [GoalStanding]) -> Outcome {
        goals.map(outcome).min { ($0.factor, $0.goal?.id ?? "") < ($1.factor, $1.goal?.id ?? "") }
            ?? Outcome(goal: nil, factor: .one, preservation: .one)
    }

    private func outcome(for goal: GoalStanding) -> Outcome {
        let step = steps.last { $0.from <= goal.progress }?.factor ?? .one
        let allowed = boost ? step : min(step, .one)
        let preservation = goal.kind == .portfolioValue ? preservation(at: goal.progress) : .one
        return Outcome(goal: goal, factor: allowed.times(preservation, .towardZero), preservation: preservation)
    }

    /// Linear between the two ends.
    private func preservation(at progress: Ratio) -> Ratio {
        guard progress > preservationFrom else { return .one }
        guard progress < preservationTo else { return preservationFactor }
        let part = Ratio((progress - preservationFrom).raw, over: (preservationTo - preservationFrom).raw)
        return .one - (.one - preservationFactor).times(part, .awayFromZero)
    }
}
