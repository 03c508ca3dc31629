import Domain
import RiskManagerCore
import Store

/// A goal as it is in the books.
struct BookedGoal: Sendable {
    let goal: Goal
    let owner: String
    /// `active`, `reached`, `missed` or `withdrawn`.
    let state: String
    /// Deposits less withdrawals of the account when the goal began.
    let startNetDeposits: Money
    /// The currency it was stated in; empty: the account's, or per cent.
    let currency: String
    /// The target in that currency.
    let statedTarget: Money
    /// What one unit of it was worth in the account's currency when the target was stated.
    let rate: Ratio

    static let columns: SQL = """
        id, owner, account, kind, target, start_equity, start_net_deposits, start_ns, deadline_ns, state, currency,
        coalesce(stated_target, target) AS stated_target, rate
        """

    init(_ row: Row) throws(StoreError) {
        goal = Goal(
            id: try row.text("id"), account: try row.text("account"), kind: try row.value("kind"),
            target: try row.money("target"), startEquity: try row.money("start_equity"),
            start: try row.timestamp("start_ns"), deadline: try row.timestamp("deadline_ns"))
        owner = try row.text("owner")
        state = try row.text("state")
        startNetDeposits = try row.money("start_net_deposits")
        currency = try row.text("currency")
        statedTarget = try row.money("stated_target")
        rate = try row.ratio("rate")
    }

    /// Where it stands.
    ///
    /// - Parameter netDeposits: of the account, since ever.
    func standing(equity: Money, netDeposits: Money) -> GoalStanding {
        GoalStanding(goal, equity: equity, netDeposits: netDeposits - startNetDeposits)
    }
}

extension RiskBooks.Locked {
    /// The goals that a decision heeds: active, or reached and not past their deadline.
    func standings(equity: Money, at time: Timestamp) -> [GoalStanding] {
        goals.filter { $0.state == "active" || $0.goal.deadline > time }
            .map { $0.standing(equity: equity, netDeposits: snapshot.netDeposits) }
    }
}
