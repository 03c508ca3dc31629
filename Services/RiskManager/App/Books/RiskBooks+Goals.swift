import Domain
import RiskManagerCore
import ServiceKit
import Store

extension RiskBooks {
    /// A goal that the owner states.
    struct GoalDraft: Sendable {
        let id: String
        let owner: String
        let account: String
        let kind: Goal.Kind
        /// In `currency`.
        let target: Money
        /// Nil for the account's own, and for per cent.
        var currency: String?
        /// Exchange time; nil for the end of the calendar month.
        let deadline: Timestamp?
    }

    /// Why a goal cannot be kept.
    enum GoalRefused: Error, Equatable {
        case deadlinePast
        case targetBelowEquity(Money)
        case unknown(String)
        case notActive(String)
        case otherGoalWithThisOperation
        /// The settings state no rate.
        case noRate(from: String, to: String)
        case percentHasNoCurrency
    }

    /// Makes a goal that begins now. The same draft again gives the goal that is there.
    ///
    /// - Throws: `GoalRefused`, `UnknownAccount`, `StoreError`.
    func create(_ draft: GoalDraft) async throws -> BookedGoal {
        try await database.transaction(attempts: 3) { transaction in
            let locked = try await lock(draft.account, transaction)
            if let existing = try await goal(draft.id, transaction) {
                guard existing.goal.account == draft.account, existing.goal.kind == draft.kind,
                    existing.statedTarget == draft.target
                else { throw GoalRefused.otherGoalWithThisOperation }
                return existing
            }
            let latest = market.latest
            let now = latest.time > .zero ? latest.time : clock.now()
            let equity = Performance(locked.snapshot, prices: latest.prices, at: now).equity
            let deadline = draft.deadline ?? GoalPeriod.nextMonthStart(after: now)
            guard deadline > now else { throw GoalRefused.deadlinePast }
            let target = try convert(draft.target, draft.kind, from: draft.currency, to: locked.currency)
            if draft.kind == .portfolioValue, target.money <= equity { throw GoalRefused.targetBelowEquity(equity) }
            try await transaction.execute(
                """
                INSERT INTO financial_goals (id, owner, account, kind, target, start_equity, start_net_deposits, start_ns,
                    deadline_ns, currency, stated_target, rate)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                """,
                [
                    draft.id, draft.owner, draft.account, draft.kind, target.money, equity,
                    locked.snapshot.netDeposits, now, deadline, target.currency, draft.target, target.rate,
                ])
            try await log(
                draft.id, by: draft.owner, change: "created", old: nil,
                new: "\(draft.kind.rawValue) \(target.words) by \(deadline)", transaction)
            guard let made = try await goal(draft.id, transaction) else { throw GoalRefused.unknown(draft.id) }
            return made
        }
    }

    /// A target in the currency of the account, and how it came about.
    private struct ConvertedTarget {
        let money: Money
        let stated: Money
        /// Empty for the account's own.
        let currency: String
        let rate: Ratio

        /// `10000 EUR at 1.08 = 10800`, or the amount alone.
        var words: String { currency.isEmpty ? "\(money)" : "\(stated) \(currency) at \(rate) = \(money)" }
    }

    private func convert(
        _ target: Money, _ kind: Goal.Kind, from currency: String?, to own: String
    ) throws(GoalRefused) -> ConvertedTarget {
        guard let currency, !currency.isEmpty, currency != own else {
            return ConvertedTarget(money: target, stated: target, currency: "", rate: .one)
        }
        if kind == .monthlyReturn { throw .percentHasNoCurrency }
        guard let rate = policies.rates.rate(from: currency, to: own) else {
            throw .noRate(from: currency, to: own)
        }
        return ConvertedTarget(money: target.times(rate), stated: target, currency: currency, rate: rate)
    }

    /// Changes an active goal's target or deadline, with a line in its log for each.
    ///
    /// - Parameters:
    ///   - target: in the currency the goal was stated in, converted at the rate of now.
    ///   - reason: for the log; nil for none.
    /// - Throws: `GoalRefused`, `StoreError`.
    func adjust(
        _ id: String, target: Money?, deadline: Timestamp?, by: String, reason: String? = nil
    ) async throws -> BookedGoal {
        try await change(id) { booked, locked, transaction in
            let because = reason.map { ": \($0)" } ?? ""
            if let target, target != booked.statedTarget {
                let new = try convert(target, booked.goal.kind, from: booked.currency, to: locked.currency)
                let latest = market.latest
                let equity = Performance(locked.snapshot, prices: latest.prices, at: latest.time).equity
                if booked.goal.kind == .portfolioValue, new.money <= equity {
                    throw GoalRefused.targetBelowEquity(equity)
                }
                try await transaction.execute(
                    "UPDATE financial_goals SET target = $2, stated_target = $3, rate = $4 WHERE id = $1",
                    [id, new.money, new.stated, new.rate])
                try await log(
                    id, by: by, change: "target", old: "\(booked.goal.target)", new: new.words + because, transaction)
            }
            if let deadline, deadline != booked.goal.deadline {
                let now = max(market.latest.time, booked.goal.start)
                guard deadline > now else { throw GoalRefused.deadlinePast }
                try await transaction.execute(
                    "UPDATE financial_goals SET deadline_ns = $2 WHERE id = $1", [id, deadline])
                try await log(
                    id, by: by, change: "deadline", old: "\(booked.goal.deadline)", new: "\(deadline)\(because)",
                    transaction)
            }
        }
    }

    /// Gives a goal up.
    ///
    /// - Throws: `GoalRefused`, `StoreError`.
    func withdraw(_ id: String, by: String, reason: String) async throws -> BookedGoal {
        try await change(id) { booked, _, transaction in
            try await transaction.execute("UPDATE financial_goals SET state = 'withdrawn' WHERE id = $1", [id])
            try await log(id, by: by, change: "state", old: booked.state, new: "withdrawn: \(reason)", transaction)
        }
    }

    /// All goals, or those of an account.
    func goals(account: String?) async throws -> [BookedGoal] {
        try await database.query(
            "SELECT " + BookedGoal.columns + """
                 FROM financial_goals WHERE $1::text IS NULL OR account = $1 ORDER BY created_at, id LIMIT 1000
                """, [account]
        ).map(BookedGoal.init)
    }

    /// The newest recorded progress of each of these goals.
    func progress(of goals: [String]) async throws -> [String: (progress: Ratio, equity: Money)] {
        let rows = try await database.query(
            """
            SELECT wanted.id, found.progress, found.equity FROM unnest($1::text[]) AS wanted (id)
            CROSS JOIN LATERAL (
                SELECT h.progress, h.equity FROM goal_progress_history AS h WHERE h.goal_id = wanted.id
                ORDER BY h.at DESC LIMIT 1) AS found
            """, [BoundArray(goals)])
        var newest: [String: (Ratio, Money)] = [:]
        for row in rows { newest[try row.text("id")] = (try row.ratio("progress"), try row.money("equity")) }
        return newest
    }

    private func change(
        _ id: String, _ body: (BookedGoal, Locked, Transaction) async throws -> Void
    ) async throws -> BookedGoal {
        try await database.transaction(attempts: 3) { transaction in
            guard let found = try await goal(id, transaction) else { throw GoalRefused.unknown(id) }
            let locked = try await lock(found.goal.account, transaction)
            guard let booked = try await goal(id, transaction), booked.state == "active" else {
                throw GoalRefused.notActive(found.state)
            }
            try await body(booked, locked, transaction)
            return try await goal(id, transaction) ?? booked
        }
    }

    private func goal(_ id: String, _ transaction: Transaction) async throws -> BookedGoal? {
        try await transaction.query(
            "SELECT " + BookedGoal.columns + " FROM financial_goals WHERE id = $1", [id]
        ).first.map(BookedGoal.init)
    }
}
