package import Domain

/// What time does to a goal.
package enum GoalPeriod {
    /// What is to be done with an active goal now.
    package enum Step: Hashable, Sendable {
        /// Nothing.
        case goesOn
        /// The target is reached.
        case reached
        /// The deadline is past and the target is not reached.
        case missed
        /// A new calendar month began: a monthly goal starts again at today's equity.
        case nextMonth
    }

    /// The step of an active goal at an exchange time.
    package static func step(_ goal: Goal, progress: Ratio, at time: Timestamp) -> Step {
        if progress >= .one { return .reached }
        if time >= goal.deadline { return .missed }
        return startsAgain(goal, at: time) ? .nextMonth : .goesOn
    }

    /// A monthly goal of an earlier month that is not over.
    package static func startsAgain(_ goal: Goal, at time: Timestamp) -> Bool {
        guard goal.kind != .portfolioValue, time < goal.deadline else { return false }
        return monthStart(of: time) > goal.start
    }

    /// The share of a goal's time that is gone, 0 … 1: from its start to its deadline, for a monthly goal to the end of the month
    /// where that is sooner.
    package static func elapsed(_ goal: Goal, at time: Timestamp) -> Ratio {
        let end = goal.kind == .portfolioValue ? goal.deadline : min(goal.deadline, nextMonthStart(after: goal.start))
        let (gone, whole) = ((time - goal.start).nanoseconds, (end - goal.start).nanoseconds)
        guard gone > 0, whole > 0 else { return gone > 0 ? .one : .zero }
        return min(Ratio(raw: Int64(Int128(gone) * Int128(Ratio.one.raw) / Int128(whole))), .one)
    }

    /// Midnight UTC of the first day of the month of `time`.
    package static func monthStart(of time: Timestamp) -> Timestamp {
        let parts = CivilDay(containing: time).parts
        return CivilDay(year: parts.year, month: parts.month, day: 1).start
    }

    /// Midnight UTC of the first day of the month after that of `time`.
    package static func nextMonthStart(after time: Timestamp) -> Timestamp {
        let parts = CivilDay(containing: time).parts
        let next = parts.month == 12 ? (parts.year + 1, Int64(1)) : (parts.year, parts.month + 1)
        return CivilDay(year: next.0, month: next.1, day: 1).start
    }
}
