import Contracts
import Domain
import ExecutionCore
import ServiceKit
import Store
import Synchronization

/// The rows of one account. Every change is one transaction that locks the account first and checks that the account is
/// still ours.
final class AccountBooks: Sendable {
    let account: String
    let database: Database
    let wallClock: @Sendable () -> Timestamp
    private let held = Mutex<Lease?>(nil)
    private let reachable = Atomic(true)
    private let elsewhere = Atomic(false)
    /// A longer wait means that the database is away: exits cannot wait for it.
    private static let patience = Duration.seconds(3)

    init(account: String, database: Database, wallClock: @escaping @Sendable () -> Timestamp) {
        self.account = account
        self.database = database
        self.wallClock = wallClock
    }

    /// The lease under which everything is written; nil: nothing may be.
    var lease: Lease? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    /// Another host had the account when it was last asked for.
    var isElsewhere: Bool {
        get { elsewhere.load(ordering: .relaxed) }
        set { elsewhere.store(newValue, ordering: .relaxed) }
    }

    /// Whether the database answered the last time; told by whoever asked.
    var isReachable: Bool {
        get { reachable.load(ordering: .relaxed) }
        set { reachable.store(newValue, ordering: .relaxed) }
    }

    /// Gives up on the database after a while: PgBouncer holds callers for long while the server behind it is away.
    ///
    /// Whoever asked goes on at once, whatever the server does: what was asked is cancelled and ends by itself. If it was done after
    /// all, the rows say so when they are read again.
    func patiently<Answer: Sendable>(_ body: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
        let outcome = OneTimeValue<Answer>()
        let asking = Task {
            do { outcome.succeed(try await body()) } catch { outcome.fail(error) }
        }
        let waiting = Task {
            // Cancelled, the answer has come.
            guard (try? await Task.sleep(for: Self.patience)) != nil else { return }
            outcome.fail(StoreError(.timedOut, "the database did not answer in \(Self.patience)"))
            asking.cancel()
        }
        defer { waiting.cancel() }
        return try await withTaskCancellationHandler {
            try await outcome.value
        } onCancel: {
            outcome.fail(CancellationError())
            asking.cancel()
        }
    }

    /// The account's row as it is while it is locked.
    struct Locked: Sendable {
        let trading: TradingState
        let token: Int64
        /// Fills that could not be booked and are not settled.
        let fillsAside: Int
    }

    /// Runs `body` with the account locked.
    ///
    /// - Throws: `StoreError.leaseLost` when the account is another host's now.
    func change<Answer: Sendable>(
        _ body: @escaping @Sendable (Transaction, Locked) async throws -> Answer
    ) async throws -> Answer {
        try await change(reading: []) { transaction, locked, _ in try await body(transaction, locked) }
    }

    /// As `change`, with the rows that `queries` find once the account is locked.
    func change<Answer: Sendable>(
        reading queries: [Query], _ body: @escaping @Sendable (Transaction, Locked, [[Row]]) async throws -> Answer
    ) async throws -> Answer {
        guard let lease else { throw StoreError(.leaseLost, "no lease on the account") }
        return try await patiently { try await self.change(under: lease, queries, body) }
    }

    private func change<Answer: Sendable>(
        under lease: Lease, _ queries: [Query], _ body: @Sendable (Transaction, Locked, [[Row]]) async throws -> Answer
    ) async throws -> Answer {
        try await database.transaction { transaction in
            let lock = Query("SELECT state FROM accounts WHERE id = $1 FOR UPDATE", [self.account])
            // A statement of its own, so that it sees what was committed while the lock was waited for.
            let rights = Query(
                """
                SELECT (SELECT token FROM leases WHERE name = $2 AND expires_at > clock_timestamp()) AS token,
                    (SELECT count(*) FROM fills_set_aside WHERE account = $1 AND settlement IS NULL) AS aside
                """, [self.account, lease.name])
            let answers = try await transaction.queries([lock, rights] + queries)
            guard let row = answers[0].first, let right = answers[1].first else {
                throw StoreError(.unexpectedResult, "the account \(self.account) has no row yet")
            }
            guard try right.optional("token", as: Int64.self) == lease.token else {
                throw StoreError(.leaseLost, "lease \(lease.name) is no longer ours")
            }
            return try await body(
                transaction,
                Locked(trading: try row.value("state"), token: lease.token, fillsAside: try right.int("aside")),
                Array(answers.dropFirst(2)))
        }
    }

    /// What is not over in one market, and the position in it.
    struct Snapshot: Sendable {
        let orders: [BookedOrder]
        let position: HeldPosition?
        let exitsVersion: Int64
        /// Why what is held cannot be sold; nil while it can.
        let unsellable: String?
    }

    func load(_ symbol: Symbol) async throws -> Snapshot {
        try await patiently { try await self.read(symbol) }
    }

    private func read(_ symbol: Symbol) async throws -> Snapshot {
        let orders = try await database.query(
            "SELECT " + BookedOrder.columns + """
                 FROM orders WHERE orders.account = $1 AND orders.symbol = $2
                    AND orders.state IN ('approved', 'submitting', 'open', 'partially_filled') ORDER BY orders.created_at
                """, [account, symbol]
        ).map(BookedOrder.init)
        let row = try await database.query(
            "SELECT " + HeldPosition.columns + " FROM positions WHERE account = $1 AND symbol = $2", [account, symbol]
        ).first
        return Snapshot(
            orders: orders, position: try row.map(HeldPosition.init),
            exitsVersion: try row?.int64("exits_version") ?? 0,
            unsellable: try row?.text("unsellable").nonEmpty)
    }

    /// What the account may do; nil without such an account.
    func trading() async throws -> TradingState? {
        try await patiently {
            try await self.database.query("SELECT state FROM accounts WHERE id = $1", [self.account]).first?
                .value("state")
        }
    }

    /// The markets in which the account has something to be looked after.
    func symbols() async throws -> [Symbol] {
        try await patiently {
            try await self.database.query(
                """
                SELECT DISTINCT symbol FROM orders
                WHERE account = $1 AND state IN ('approved', 'submitting', 'open', 'partially_filled')
                UNION SELECT symbol FROM positions WHERE account = $1 AND is_open ORDER BY symbol
                """, [self.account]
            ).map { try $0.symbol("symbol") }
        }
    }

    /// The orders that wait to be claimed, exits before entries, by market.
    func approved() async throws -> [(id: String, symbol: Symbol)] {
        try await database.query(
            """
            SELECT id, symbol FROM orders WHERE account = $1 AND state = 'approved'
                AND purpose IN ('entry', 'exit', 'flatten') ORDER BY reduce_only DESC, created_at LIMIT 500
            """, [account]
        ).map { (try $0.text("id"), try $0.symbol("symbol")) }
    }

    /// The final minute candles since a moment, oldest first; a week of them at most.
    func minutes(_ symbol: Symbol, since: Timestamp) async throws -> [Candle] {
        try await patiently {
            try await self.database.query(
                """
                SELECT DISTINCT ON (open_ns) open_ns, open, high, low, close, volume, trades FROM candles
                WHERE symbol = $1 AND timeframe = '1m' AND open_ns >= $2 ORDER BY open_ns, revision DESC LIMIT 10080
                """, [symbol, since]
            ).map { row in
                Candle(
                    symbol: symbol, timeframe: .minute1, openTime: try row.timestamp("open_ns"),
                    open: try row.price("open"), high: try row.price("high"), low: try row.price("low"),
                    close: try row.price("close"), volume: try row.quantity("volume"),
                    tradeCount: try row.int64("trades"), isFinal: true)
            }
        }
    }

    /// What the account's money is now.
    struct Totals: Sendable {
        let trading: TradingState
        let realised: Money
        let fees: Money
        let imbalance: Money
        /// Positions that are open without a live protective order and without one that closes them.
        let exitsMissing: Int
        /// Positions that are open and too small to be sold.
        let unsellable: Int
        /// Fills that could not be booked and are not settled.
        let fillsAside: Int
        /// Positions that the venue has refused to close five times or more.
        let exitsRefused: Int
    }

    func totals() async throws -> Totals? { try await patiently { try await self.sum() } }

    private func sum() async throws -> Totals? {
        let rows = try await database.query(
            """
            SELECT state, realised, fees, deposits - withdrawals + realised - fees - cash
                    - coalesce((SELECT sum(cost) FROM positions WHERE account = $1), 0) AS imbalance,
                (SELECT count(*) FROM positions p WHERE p.account = $1 AND p.is_open
                    AND p.unsellable = '' AND (p.stop IS NOT NULL OR p.target IS NOT NULL) AND NOT EXISTS (
                        SELECT 1 FROM orders o WHERE o.account = $1 AND o.symbol = p.symbol AND o.reduce_only
                            AND o.state IN ('approved', 'submitting', 'open', 'partially_filled'))) AS missing,
                (SELECT count(*) FROM positions WHERE account = $1 AND is_open AND unsellable <> '') AS unsellable,
                (SELECT count(*) FROM fills_set_aside WHERE account = $1 AND settlement IS NULL) AS aside,
                (SELECT count(*) FROM positions p WHERE p.account = $1 AND p.is_open AND p.unsellable = '' AND 5 <= (
                    SELECT count(*) FROM orders o WHERE o.account = $1 AND o.symbol = p.symbol
                        AND o.purpose IN ('exit', 'flatten') AND o.state = 'rejected'
                        AND o.decided_ns >= p.opened_ns)) AS refused
            FROM accounts WHERE id = $1
            """, [account])
        return try rows.first.map { row in
            Totals(
                trading: try row.value("state"), realised: try row.money("realised"), fees: try row.money("fees"),
                imbalance: try row.money("imbalance"), exitsMissing: try row.int("missing"),
                unsellable: try row.int("unsellable"), fillsAside: try row.int("aside"),
                exitsRefused: try row.int("refused"))
        }
    }
}

extension String {
    /// Nil instead of nothing.
    var nonEmpty: String? { isEmpty ? nil : self }
}
