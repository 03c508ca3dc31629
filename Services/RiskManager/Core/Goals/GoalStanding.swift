package import Domain

/// A goal and how much of the way is done.
package struct GoalStanding: Hashable, Sendable {
    package let id: String
    package let kind: Goal.Kind
    /// 0 at the start, 1 at the target.
    package let progress: Ratio

    package init(id: String, kind: Goal.Kind, progress: Ratio) {
        self.id = id
        self.kind = kind
        self.progress = progress
    }

    /// The standing of `goal`.
    ///
    /// - Parameter netDeposits: deposits less withdrawals since the goal began.
    package init(_ goal: Goal, equity: Money, netDeposits: Money) {
        self.init(id: goal.id, kind: goal.kind, progress: goal.progress(equity: equity, netDeposits: netDeposits))
    }
}
