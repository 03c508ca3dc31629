import Contracts
import Domain
import Foundation
import RiskManagerCore
import Store

extension RiskBooks {
    /// What came of booking a signal.
    enum Booked: Sendable {
        case decided(Decision)
        /// There was a decision already: the signal came twice, or its commit was in doubt and had happened.
        case decidedBefore
        case deferred
        /// Of this market; nothing is decided before it comes.
        case awaitingPrice(Symbol)
    }

    /// Decides about a signal for an account and books signal, decision, order and event in one transaction. Doing it again
    /// has no effect.
    ///
    /// - Parameter waits: false when no more prices are waited for that were not heard yet.
    /// - Throws: `UnknownAccount`, `StoreError`.
    func decide(_ signal: Signal, account: String, waits: Bool = true) async throws -> Booked {
        try await database.transaction(attempts: 3) { transaction in
            let id = Decision.id(signal: signal.id, account: account)
            let found = try await lock(account, asking: id, transaction)
            guard !found.isDecided else { return .decidedBefore }
            let locked = try await observe(found, through: signal.candleClose, transaction)
            let later = try await laterFills(locked, from: signal.candleClose, transaction)
            let decision = judge(signal, locked, later, waits: waits)
            try book(signal, transaction)
            switch decision.outcome {
            case .deferred: return .deferred
            case .awaitingPrice(let symbol): return .awaitingPrice(symbol)
            case .approved(let approved):
                try transaction.later(Self.insertDecision, Self.values(of: decision))
                insert(approved, position: nil, transaction)
                try announce(approved, causation: signal.id, transaction)
            case .refused(let refusal):
                try transaction.later(Self.insertDecision, Self.values(of: decision))
                try tell(
                    SignalRefused(
                        signalID: signal.id, account: account, code: refusal.code, reason: refusal.description),
                    on: Channels.refusals, id: DerivedID.make("evt", decision.id), account: account,
                    correlation: signal.id, causation: signal.id, transaction)
            }
            return .decided(decision)
        }
    }

    private func judge(_ signal: Signal, _ locked: Locked, _ later: [LaterFill], waits: Bool) -> Decision {
        let seen = market.asOf(signal.candleClose)
        let prices = waits ? seen : MarketSnapshot(prices: seen.prices, time: seen.time)
        let atClose = locked.snapshot.before(later)
        let performance = Performance(atClose, prices: prices.prices, at: signal.candleClose)
        return policies[locked.snapshot.id].decide(
            DecisionInput(
                signal: signal, account: locked.snapshot, atClose: atClose, market: prices,
                instrument: market.instruments?[signal.symbol],
                goals: locked.standings(equity: performance.equity, at: signal.candleClose), now: signal.candleClose))
    }

    private func book(_ signal: Signal, _ transaction: Transaction) throws {
        transaction.later(
            """
            INSERT INTO signals (id, strategy, symbol, timeframe, candle_close_ns, action, price, stop, target, confidence,
                reasons)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING
            """,
            [
                signal.id, signal.strategy, signal.symbol, signal.timeframe, signal.candleClose, signal.action,
                signal.price, signal.stop, signal.target, signal.confidence,
                String(decoding: try JSONEncoder().encode(signal.reasons), as: UTF8.self),
            ])
    }

    private static let insertDecision: SQL = """
        INSERT INTO decisions (id, signal_id, account, outcome, code, reason, inputs, decided_ns)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """

    private static func values(of decision: Decision) throws -> [(any Bindable)?] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let outcome = if case .approved = decision.outcome { "approved" } else { "refused" }
        return [
            decision.id, decision.signalID.isEmpty ? nil : decision.signalID, decision.account, outcome,
            decision.code, decision.reason, String(decoding: try encoder.encode(decision.inputs), as: UTF8.self),
            decision.decidedAt,
        ]
    }

    /// Writes the row of a decision. False when it is there already.
    func insert(_ decision: Decision, _ transaction: Transaction) async throws -> Bool {
        try await transaction.execute(
            Self.insertDecision + " ON CONFLICT DO NOTHING", try Self.values(of: decision)) == 1
    }

    /// Writes the row of an approved order: the only way to one, and only the core makes an `ApprovedOrder`.
    ///
    /// - Parameter position: the id of the position it closes, where that is known.
    func insert(_ approved: ApprovedOrder, position: String?, _ transaction: Transaction) {
        let order = approved.order
        transaction.later(
            """
            INSERT INTO orders (id, decision_id, account, symbol, side, type, purpose, quantity, limit_price,
                trigger_price, protective_stop, protective_target, strategy, reason, correlation, reserved,
                approved_reserve, position_id, decided_ns, expires_ns)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19)
            """,
            [
                order.id, approved.decisionID, order.account, order.symbol, order.side, order.type, order.purpose,
                order.quantity, order.limitPrice, order.triggerPrice, order.protectiveStop, order.protectiveTarget,
                order.strategy, order.reason, order.correlation, approved.reserved, position, order.decidedAt,
                order.expiresAt,
            ])
    }

    /// Tells execution that there is an order to claim.
    func announce(_ approved: ApprovedOrder, causation: String, _ transaction: Transaction) throws {
        let order = approved.order
        try tell(
            OrderApproved(orderID: order.id, account: order.account, symbol: order.symbol), on: Channels.approvals,
            id: DerivedID.make("evt", approved.decisionID), account: order.account, correlation: order.correlation,
            causation: causation, transaction)
    }

    /// Signals in the books that an account has not decided about, oldest first: of an exit that waits for an entry, or of a
    /// process that ended between two accounts.
    func undecided(account: String, strategies: Set<String>) async throws -> [Signal] {
        let rows = try await database.query(
            """
            SELECT signals.strategy, signals.symbol, signals.timeframe, signals.candle_close_ns, signals.action,
                signals.price, signals.stop, signals.target, signals.confidence, signals.reasons::text AS reasons
            FROM signals JOIN accounts ON accounts.id = $1
            WHERE signals.strategy = ANY ($2::text[]) AND signals.at >= accounts.created_at
                AND signals.at > now() - interval '7 days'
                AND NOT EXISTS (
                    SELECT 1 FROM decisions WHERE decisions.signal_id = signals.id AND decisions.account = $1)
            ORDER BY signals.candle_close_ns, signals.symbol, signals.strategy LIMIT 1000
            """, [account, BoundArray(strategies.sorted())])
        return try rows.map { row in
            Signal(
                strategy: try row.text("strategy"), symbol: try row.symbol("symbol"),
                timeframe: try row.value("timeframe"), candleClose: try row.timestamp("candle_close_ns"),
                action: try row.value("action"), price: try row.price("price"), stop: try row.optional("stop"),
                target: try row.optional("target"), confidence: try row.ratio("confidence"),
                reasons: try JSONDecoder().decode([String].self, from: Data(try row.text("reasons").utf8)))
        }
    }

    /// Books a signal that no account follows, so that its strategy does not repeat it for ever.
    func bookUnfollowed(_ signal: Signal) async throws {
        try await database.transaction { transaction in try book(signal, transaction) }
    }
}
