import Domain
import Foundation
import RiskManagerCore
import Store

/// A decision as it is shown.
struct DecisionReport: Codable, Sendable {
    let id: String
    let signal: String?
    let account: String
    let outcome: String
    let code: String
    let reason: String
    /// Exchange time.
    let decided: String
    let inputs: JSONValue
    let orders: [OrderLine]

    /// An order that followed from it.
    struct OrderLine: Codable, Sendable {
        let id: String
        let state: String
        let stateReason: String
    }
}

/// An account as it is shown.
struct AccountReport: Codable, Sendable {
    let id: String
    let currency: String
    let venue: String
    let state: TradingState
    let cash: Money
    let netDeposits: Money
    let reserved: Money
    /// Nil while an open position has no price.
    let equity: Money?
    let drawdown: Ratio?
    let dailyLoss: Ratio?
    let positions: [PositionLine]

    /// A position that is open.
    struct PositionLine: Codable, Sendable {
        let symbol: Symbol
        let quantity: Quantity
        let cost: Money
        let strategy: String
        let price: Price?
        /// Exchange time of the price.
        let priceTime: Timestamp?
    }
}

/// The trading state of an account and how it came about.
struct ControlReport: Codable, Sendable {
    let account: String
    let state: TradingState
    let flattening: Bool
    let commands: [CommandLine]

    /// A line of the audit.
    struct CommandLine: Codable, Sendable {
        let id: String
        let action: String
        let from: String
        let to: String
        let flatten: Bool
        let by: String
        let reason: String
        let at: String
    }
}

/// A goal's records.
struct GoalHistory: Codable, Sendable {
    let progress: [Line]
    let changes: [Change]

    /// A recorded progress.
    struct Line: Codable, Sendable {
        let at: String
        let progress: Ratio
        let equity: Money
        let netDeposits: Money
    }

    /// A line of the adjustment log.
    struct Change: Codable, Sendable {
        let at: String
        let by: String
        let change: String
        let old: String?
        let new: String?
    }
}

extension RiskBooks {
    /// Decisions, newest first.
    func decisions(signal: String?, order: String?, account: String?, limit: Int) async throws -> [DecisionReport] {
        let rows = try await database.query(
            """
            SELECT d.id, d.signal_id, d.account, d.outcome, d.code, d.reason, d.decided_ns, d.inputs::text AS inputs,
                coalesce(o.id, '') AS order_id, coalesce(o.state, '') AS order_state,
                coalesce(o.state_reason, '') AS order_state_reason
            FROM decisions AS d LEFT JOIN orders AS o ON o.decision_id = d.id
            WHERE ($1::text IS NULL OR d.signal_id = $1) AND ($2::text IS NULL OR o.id = $2)
                AND ($3::text IS NULL OR d.account = $3)
            ORDER BY d.at DESC, d.id LIMIT $4
            """, [signal, order, account, limit])
        return try rows.map { row in
            let orderID = try row.text("order_id")
            let line = DecisionReport.OrderLine(
                id: orderID, state: try row.text("order_state"), stateReason: try row.text("order_state_reason"))
            return DecisionReport(
                id: try row.text("id"), signal: try row.optional("signal_id"), account: try row.text("account"),
                outcome: try row.text("outcome"), code: try row.text("code"), reason: try row.text("reason"),
                decided: try row.timestamp("decided_ns").description,
                inputs: try JSONDecoder().decode(JSONValue.self, from: Data(try row.text("inputs").utf8)),
                orders: orderID.isEmpty ? [] : [line])
        }
    }

    /// Every account, each read in one moment.
    func accounts() async throws -> [AccountReport] {
        let ids = try await database.query("SELECT id FROM accounts ORDER BY id").map { try $0.text("id") }
        var reports: [AccountReport] = []
        for id in ids {
            let locked = try await database.transaction { transaction in try await lock(id, transaction) }
            reports.append(report(locked))
        }
        return reports
    }

    private func report(_ locked: Locked) -> AccountReport {
        let snapshot = locked.snapshot
        let latest = market.latest
        let priced = snapshot.openPositions.allSatisfy { latest.prices[$0.symbol] != nil }
        let performance = priced ? Performance(snapshot, prices: latest.prices, at: latest.time) : nil
        return AccountReport(
            id: snapshot.id, currency: locked.currency, venue: locked.venue, state: snapshot.state,
            cash: snapshot.cash, netDeposits: snapshot.netDeposits, reserved: snapshot.reserved,
            equity: performance?.equity, drawdown: performance?.drawdown, dailyLoss: performance?.dailyLoss,
            positions: snapshot.openPositions.map { position in
                AccountReport.PositionLine(
                    symbol: position.symbol, quantity: position.quantity, cost: position.cost,
                    strategy: position.strategy, price: latest.prices[position.symbol]?.price,
                    priceTime: latest.prices[position.symbol]?.time)
            })
    }

    /// The state of every account with its last ten commands.
    func controls() async throws -> [ControlReport] {
        let states = try await database.query("SELECT id, state, flattening FROM accounts ORDER BY id")
        let audit = try await database.query(
            """
            SELECT id, account, action, old_state, new_state, flatten, changed_by, reason, at FROM (
                SELECT *, row_number() OVER (PARTITION BY account ORDER BY at DESC) AS n FROM control_audit) AS numbered
            WHERE n <= 10 ORDER BY account, at DESC
            """)
        var commands: [String: [ControlReport.CommandLine]] = [:]
        for row in audit {
            commands[try row.text("account"), default: []].append(
                ControlReport.CommandLine(
                    id: try row.text("id"), action: try row.text("action"), from: try row.text("old_state"),
                    to: try row.text("new_state"), flatten: try row.bool("flatten"), by: try row.text("changed_by"),
                    reason: try row.text("reason"), at: try row.wallTime("at").description))
        }
        return try states.map { row in
            let id = try row.text("id")
            return ControlReport(
                account: id, state: try row.value("state"), flattening: try row.bool("flattening"),
                commands: commands[id] ?? [])
        }
    }

    /// What is recorded of a goal, newest first, at most a thousand lines of each kind.
    ///
    /// - Throws: `GoalRefused.unknown`, `StoreError`.
    func history(ofGoal id: String) async throws -> GoalHistory {
        let found = try await database.query("SELECT 1 FROM financial_goals WHERE id = $1", [id])
        guard !found.isEmpty else { throw GoalRefused.unknown(id) }
        let progress = try await database.query(
            """
            SELECT at, progress, equity, net_deposits FROM goal_progress_history WHERE goal_id = $1
            ORDER BY at DESC LIMIT 1000
            """, [id])
        let changes = try await database.query(
            """
            SELECT at, changed_by, change, old_value, new_value FROM goal_adjustment_log WHERE goal_id = $1
            ORDER BY id DESC LIMIT 1000
            """, [id])
        return GoalHistory(
            progress: try progress.map { row in
                GoalHistory.Line(
                    at: try row.wallTime("at").description, progress: try row.ratio("progress"),
                    equity: try row.money("equity"), netDeposits: try row.money("net_deposits"))
            },
            changes: try changes.map { row in
                GoalHistory.Change(
                    at: try row.wallTime("at").description, by: try row.text("changed_by"),
                    change: try row.text("change"), old: try row.optional("old_value"),
                    new: try row.optional("new_value"))
            })
    }
}
