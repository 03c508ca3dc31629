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
