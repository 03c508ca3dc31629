import Contracts
import Domain
import RiskManagerCore
import ServiceKit
import Store

/// What risk-manager reads and writes in Postgres. Every change of an account begins with a lock on its row, so that one thing
/// happens to it at a time, in this process and in any other.
struct RiskBooks: Sendable {
    static let source = "risk-manager"

    let database: Database
    let policies: Policies
    let market: MarketView
    let clock: any WallClock

    /// An account under its lock.
    struct Locked: Sendable {
        var snapshot: AccountSnapshot
        let currency: String
        let venue: String
        /// Open positions are to be closed.
        let flattening: Bool
        /// The command that made the state.
        let command: String
        let goals: [BookedGoal]
        /// The last minute at which its losses were looked at; nil before the first.
        var observed: Timestamp?
        /// The exchange time of its last fill; nil for none.
        let lastFill: Timestamp?
        /// The decision that was asked for is in the books.
        var isDecided = false
    }

    /// Locks an account and reads all of it.
    ///
    /// - Parameter decision: asks whether this one is in the books.
    /// - Throws: `UnknownAccount`, `StoreError`.
    func lock(_ account: String, asking decision: String? = nil, _ transaction: Transaction) async throws -> Locked {
        // What follows the lock sees everything that was committed before it was given; what is read beside the row does not.
        var (locked, answers) = try await read(
            account, locking: " FOR UPDATE", also: [Query("SELECT 1 FROM decisions WHERE id = $1", [decision])],
            transaction)
        locked.isDecided = !answers[0].isEmpty
        return locked
    }

    /// Reads all of an account.
    ///
    /// - Returns: the account, and the rows that `queries` find.
    func read(
        _ account: String, locking: SQL = "", also queries: [Query], _ transaction: Transaction
    ) async throws -> (Locked, [[Row]]) {
        let answers = try await transaction.queries(
            [
                Query("SELECT " + Self.accountColumns + " FROM accounts WHERE id = $1" + locking, [account]),
                Query("SELECT " + Self.currentColumns, [account]),
                Query(
                    """
                    SELECT id, symbol, quantity, cost, strategy, is_open FROM positions WHERE account = $1 AND quantity > 0
                    """, [account]),
                Query(
                    """
                    SELECT id, symbol, purpose, strategy, quantity - filled_quantity AS remaining, reserved FROM orders
                    WHERE account = $1 AND state IN ('approved', 'submitting', 'open', 'partially_filled')
                    """, [account]),
                Query(
                    "SELECT " + BookedGoal.columns + """
                         FROM financial_goals WHERE account = $1 AND state IN ('active', 'reached') ORDER BY id
                        """, [account]),
            ] + queries)
        guard let row = answers[0].first, let current = answers[1].first else { throw UnknownAccount(account: account) }
        let found = Locked(
            snapshot: try Self.snapshot(row, current, answers[2], answers[3]), currency: try row.text("currency"),
            venue: try row.text("venue"), flattening: try row.bool("flattening"), command: try row.text("control_id"),
            goals: try answers[4].map(BookedGoal.init), observed: try row.optional("observed_ns"),
            lastFill: try current.optional("last_fill_ns"))
        return (found, Array(answers.dropFirst(5)))
    }

    /// The account does not exist.
    struct UnknownAccount: Error {
        let account: String
    }

    private static let accountColumns: SQL = """
        id, currency, venue, state, flattening, control_id, cash, deposits - withdrawals AS net_deposits, peak_profit,
        month_peak_profit, day_start_profit, (day - DATE '1970-01-01')::bigint AS day_number, observed_ns
        """

    private static let currentColumns: SQL = """
        (SELECT max(filled_ns) FROM fills WHERE fills.account = $1) AS last_fill_ns, (
            SELECT json_agg(json_build_object('limit', limit_name, 'loss', loss::text, 'allowed', allowed::text,
                'since', since_ns, 'action', action) ORDER BY since_ns, limit_name)::text
            FROM limit_breaches AS b WHERE b.account = $1 AND b.ended_at IS NULL) AS breaches
        """

    private static func snapshot(_ row: Row, _ current: Row, _ positions: [Row], _ orders: [Row]) throws
        -> AccountSnapshot
    {
        let day: Int64? = try row.optional("day_number")
        return AccountSnapshot(
            id: try row.text("id"), state: try row.value("state"), cash: try row.money("cash"),
            netDeposits: try row.money("net_deposits"),
            positions: try positions.map { position in
                HeldPosition(
                    id: try position.text("id"), symbol: try position.symbol("symbol"),
                    quantity: try position.quantity("quantity"), cost: try position.money("cost"),
                    strategy: try position.text("strategy"), isOpen: try position.bool("is_open"))
            },
            liveOrders: try orders.map { order in
                LiveOrder(
                    id: try order.text("id"), symbol: try order.symbol("symbol"), purpose: try order.value("purpose"),
                    strategy: try order.text("strategy"), remaining: try order.quantity("remaining"),
                    reserved: try order.money("reserved"))
            },
            marks: ProfitMarks(
                peak: try row.money("peak_profit"), monthPeak: try row.money("month_peak_profit"),
                dayStart: try row.money("day_start_profit"), day: day.map(CivilDay.init(daysSinceEpoch:))),
            breaches: try BookedBreach.read(try current.optional("breaches")))
    }

    /// An event about an account.
    func tell<Body: Message>(
        _ body: Body, on channel: Channel<Body>, id: String, account: String, correlation: String,
        causation: String = "", _ transaction: Transaction
    ) throws {
        try transaction.append(
            Envelope(
                id: id, source: Self.source, at: clock.now(), correlation: correlation, causation: causation,
                key: account, data: body), on: channel)
    }

    /// The close of the newest one-minute candle with trades of each symbol, at the last moment before its end.
    func lastCandles(of symbols: [Symbol]) async throws -> [(Symbol, PricePoint)] {
        let rows = try await database.query(
            """
            SELECT wanted.symbol, found.open_ns, found.close FROM unnest($1::text[]) AS wanted (symbol)
            CROSS JOIN LATERAL (
                SELECT candles.open_ns, candles.close FROM candles
                WHERE candles.symbol = wanted.symbol AND candles.timeframe = '1m' AND candles.trades > 0
                ORDER BY candles.open_ns DESC, candles.revision DESC LIMIT 1) AS found
            """, [BoundArray(symbols)])
        return try rows.map { row in
            let end = try row.timestamp("open_ns") + Timeframe.minute1.span
            let point = PricePoint(price: try row.price("close"), time: end - Timestamp.Span(nanoseconds: 1))
            return (try row.symbol("symbol"), point)
        }
    }
}
