import Contracts
import Domain
import Foundation
import RiskManagerCore
import Store

/// What the owner may command an account.
enum ControlAction: String, Sendable, CaseIterable {
    case pause
    case resume
    case stop

    /// The state it leads to.
    var state: TradingState {
        switch self {
        case .pause: .paused
        case .resume: .running
        case .stop: .stopped
        }
    }
}

/// A command, for one account.
struct ControlCommand: Sendable {
    /// Derived from the operation's key where there is one, so that a repeat is recognised.
    let id: String
    let account: String
    let action: ControlAction
    /// With a stop: close what is open.
    let flatten: Bool
    /// With a resume: breached limits on losses end, and losses are measured from here on.
    var acceptLoss = false
    let by: String
    let reason: String
}

extension RiskBooks {
    /// The operation's key was used for another command.
    struct OperationReused: Error {}

    /// Carries out a command: state, audit row, cancelled entries, orders that close positions and events in one transaction.
    /// The same command again changes nothing.
    ///
    /// - Throws: `OperationReused`, `UnknownAccount`, `StoreError`.
    func command(_ command: ControlCommand) async throws {
        try await database.transaction(attempts: 3) { transaction in
            let locked = try await lock(command.account, transaction)
            guard try await audit(command, from: locked.snapshot.state, transaction) else { return }
            if command.action == .resume, command.acceptLoss {
                try await acceptLosses(locked, by: command.by, reason: command.reason, transaction)
            }
            let flatten = command.action == .stop && command.flatten
            try await transaction.execute(
                "UPDATE accounts SET state = $2, flattening = $3, control_id = $4 WHERE id = $1",
                [command.account, command.action.state, flatten, command.id])
            if command.action == .stop {
                try await withdrawEntries(
                    of: command.account, state: .cancelled, reason: "trading was stopped", before: nil,
                    correlation: command.id, transaction)
            }
            if flatten { try await self.flatten(locked.snapshot, command: command.id, transaction) }
            try await announce(command, flatten: flatten, transaction)
        }
    }

    /// False when the command was carried out before.
    private func audit(
        _ command: ControlCommand, from state: TradingState, _ transaction: Transaction
    ) async throws -> Bool {
        let inserted = try await transaction.execute(
            """
            INSERT INTO control_audit (id, account, action, old_state, new_state, flatten, changed_by, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
            """,
            [
                command.id, command.account, command.action.rawValue, state, command.action.state, command.flatten,
                command.by, command.reason,
            ])
        if inserted == 1 { return true }
        let same = try await transaction.query(
            "SELECT 1 FROM control_audit WHERE id = $1 AND account = $2 AND action = $3 AND flatten = $4",
            [command.id, command.account, command.action.rawValue, command.flatten])
        guard !same.isEmpty else { throw OperationReused() }
        return false
    }

    private func announce(_ command: ControlCommand, flatten: Bool, _ transaction: Transaction) async throws {
        try tell(
            ControlChanged(
                account: command.account, state: command.action.state, flatten: flatten, by: command.by,
                reason: command.reason),
            on: Channels.control, id: DerivedID.make("evt", command.id), account: command.account,
            correlation: command.id, transaction)
        let (kind, severity, words) =
            switch command.action {
            case .pause: ("trading_paused", "warning", "Trading paused")
            case .resume: ("trading_resumed", "info", "Trading resumed")
            case .stop: ("emergency_stop", "critical", "Emergency stop")
            }
        try tell(
            SuiteEvent(
                kind: kind, severity: severity, summary: "\(words) on account \(command.account)",
                description: "By \(command.by): \(command.reason)\(flatten ? ". Positions are being closed." : "")",
                labels: ["account": command.account]),
            on: Channels.suiteEvents, id: DerivedID.make("evt", command.id, "people"), account: command.account,
            correlation: command.id, transaction)
    }

    /// Ends entries that nobody has claimed. Whoever claims one at the same moment competes for its row.
    ///
    /// - Parameter time: only those whose time had run out by then; nil for all.
    func withdrawEntries(
        of account: String, state: OrderState, reason: String, before time: Timestamp?, correlation: String?,
        _ transaction: Transaction
    ) async throws {
        let rows = try await transaction.query(
            """
            UPDATE orders SET state = $2, state_reason = $3, reserved = 0, updated_at = now()
            WHERE account = $1 AND purpose = 'entry' AND state = 'approved' AND ($4::bigint IS NULL OR expires_ns < $4)
            RETURNING id, symbol, correlation
            """, [account, state, reason, time])
        for row in rows {
            let id = try row.text("id")
            try tell(
                OrderChanged(
                    orderID: id, account: account, symbol: try row.symbol("symbol"), state: state, reason: reason),
                on: Channels.orders, id: DerivedID.make("evt", id, state.rawValue), account: account,
                correlation: try row.text("correlation"), causation: correlation ?? "", transaction)
        }
    }

    /// Books the orders that close what is open and not being closed, each a decision of its own. What was tried before is
    /// tried again after a pause that doubles, up to five minutes; what is too small for the venue waits until it is not.
    ///
    /// - Parameters:
    ///   - symbol: the one market it is about; nil for all.
    ///   - action: `.halve` for half of each position, and only until an order for it was not refused.
    ///   - first: when the first orders count as decided, in exchange time; nil for now.
    func flatten(
        _ account: AccountSnapshot, only symbol: Symbol? = nil, command: String, reason: String? = nil,
        action: BreachAction = .close, first: Timestamp? = nil, _ transaction: Transaction
    ) async throws {
        guard !account.openPositions.isEmpty else { return }
        let rows = try await transaction.query(
            """
            SELECT position_id, count(*) AS attempts,
                bool_or(updated_at > clock_timestamp() - least(interval '5 minutes', interval '1 second' * power(2, least(n, 9))))
                    AS is_recent,
                bool_or(state <> 'rejected') AS is_done
            FROM (SELECT position_id, state, updated_at, count(*) OVER (PARTITION BY position_id) AS n FROM orders
                WHERE account = $1 AND purpose = 'flatten' AND correlation = $2 AND position_id IS NOT NULL) AS tried
            GROUP BY position_id
            """, [account.id, command])
        var attempts: [String: Int] = [:]
        var recent: Set<String> = []
        for row in rows {
            let position = try row.text("position_id")
            attempts[position] = try row.int("attempts")
            let isHalved = try action == .halve && row.bool("is_done")
            if try isHalved || row.bool("is_recent") { recent.insert(position) }
        }
        let dust = Set(
            try await transaction.query(
                "SELECT id FROM positions WHERE account = $1 AND unsellable <> ''", [account.id]
            ).map { try $0.text("id") })
        let latest = market.latest
        let byPosition = Dictionary(
            account.openPositions.map { ($0.symbol, $0.id) }, uniquingKeysWith: { first, _ in first })
        let decisions = policies[account.id].flatten(
            account, command: command, reason: reason ?? "closed by command \(command)", prices: latest.prices,
            instruments: market.instruments ?? [:], action: action,
            at: rows.isEmpty ? first ?? latest.time : latest.time, attempt: { attempts[$0.id] ?? 0 })
        for decision in decisions {
            guard case .approved(let approved) = decision.outcome, let position = byPosition[approved.order.symbol],
                symbol == nil || approved.order.symbol == symbol, !recent.contains(position), !dust.contains(position),
                try await insert(decision, transaction)
            else { continue }
            insert(approved, position: position, transaction)
            try announce(approved, causation: command, transaction)
        }
    }

    /// Why an account that runs approves no entry all the same, in words: breached limits on losses.
    func breaches(_ account: String) async throws -> [String] {
        try await database.query(
            "SELECT reason FROM limit_breaches WHERE account = $1 AND ended_at IS NULL ORDER BY since_ns, limit_name",
            [account]
        ).map { try $0.text("reason") }
    }

    /// Entries that are at the venue or on their way there.
    func entriesInFlight(_ account: String) async throws -> [String] {
        try await database.query(
            "SELECT id FROM orders WHERE account = $1 AND purpose = 'entry' AND state = 'submitting' ORDER BY id",
            [account]
        ).map { try $0.text("id") }
    }
}
