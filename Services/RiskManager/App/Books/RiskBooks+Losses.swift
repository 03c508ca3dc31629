import Contracts
import Domain
import Foundation
import RiskManagerCore
import ServiceKit
import Store

/// A breach as the row of its account carries it.
struct BookedBreach: Decodable {
    let limit: Breach.Limit
    let loss: Ratio
    let allowed: Ratio
    let since: Timestamp
    let action: BreachAction

    /// - Parameter json: a list; nil for none.
    static func read(_ json: String?) throws -> [Breach] {
        guard let json else { return [] }
        return try JSONDecoder().decode([BookedBreach].self, from: Data(json.utf8)).map {
            Breach(limit: $0.limit, loss: $0.loss, allowed: $0.allowed, since: $0.since, action: $0.action)
        }
    }
}

extension RiskBooks {
    /// How long after the end of a minute its last prints and fills are waited for, in exchange time.
    static let observationDelay = Timestamp.Span.seconds(1)
    /// The longest time without a look that is caught up minute by minute.
    private static let catchUpMax = Timestamp.Span.days(1)

    /// Looks at the losses of an account at the end of every minute of exchange time until `time` that nobody has looked at:
    /// the marks move, limits that are reached become rows, and those whose day or month is over end.
    ///
    /// A minute is seen as it was, at the last prices before its end and without the fills after it, so that it does not matter
    /// when the look is taken. Nothing is looked at beyond the latest time that is believed.
    ///
    /// - Returns: the account with what was found.
    func observe(_ locked: Locked, through time: Timestamp, _ transaction: Transaction) async throws -> Locked {
        guard let (first, last) = unobserved(locked, through: time) else { return locked }
        let fills = try await laterFills(locked, from: first, transaction)
        let symbols = Set(locked.snapshot.positions.map(\.symbol) + fills.map(\.fill.symbol))
        var history = try await closes(of: symbols, from: first, until: last - .minutes(2), transaction)
        var locked = locked
        var minute = first
        while minute <= last {
            let prices =
                history.isEmpty || minute > last - .minutes(2) ? market.asOf(minute).prices : history.prices(at: minute)
            try await look(&locked, at: minute, prices, fills.filter { $0.fill.time >= minute }, transaction)
            minute = minute + .minutes(1)
        }
        transaction.later("UPDATE accounts SET observed_ns = $2 WHERE id = $1", [locked.snapshot.id, last])
        return locked
    }

    /// The first and the last minute until `time` that nobody has looked at; nil for none.
    func unobserved(_ locked: Locked, through time: Timestamp) -> (first: Timestamp, last: Timestamp)? {
        let latest = Implausible.latest(clock: clock.now(), newest: market.latest.time)
        let last = max(min(time, latest), .zero).minute
        // A look that was taken too far ahead has not happened.
        let observed = locked.observed.flatMap { $0 <= latest ? $0 : nil }
        let first = max(observed.map { $0 + .minutes(1) } ?? last, last - Self.catchUpMax)
        return first <= last && last > .zero && market.latest.time > .zero ? (first, last) : nil
    }

    private func look(
        _ locked: inout Locked, at minute: Timestamp, _ prices: [Symbol: PricePoint], _ later: [LaterFill],
        _ transaction: Transaction
    ) async throws {
        let then = locked.snapshot.before(later)
        locked.observed = minute
        guard then.positions.allSatisfy({ !$0.isOpen || prices[$0.symbol] != nil }) else { return }
        let performance = Performance(then, prices: prices, at: minute)
        store(performance.marks, of: locked, transaction)
        var breaches = locked.snapshot.breaches
        for breach in breaches where !breach.holds(at: minute) {
            try await end(breach, of: locked.snapshot.id, by: Self.source, reason: "its time is over", transaction)
        }
        breaches.removeAll { !$0.holds(at: minute) }
        let new = policies[locked.snapshot.id].breaches(
            performance, goals: locked.standings(equity: performance.equity, at: minute), known: breaches, at: minute)
        for breach in new { try await book(breach, locked.snapshot, transaction) }
        locked.snapshot = locked.snapshot.with(marks: performance.marks, breaches: breaches + new)
    }

    private func book(_ breach: Breach, _ account: AccountSnapshot, _ transaction: Transaction) async throws {
        let id = breach.id(account: account.id)
        let inserted = try await transaction.execute(
            """
            INSERT INTO limit_breaches (id, account, limit_name, loss, allowed, since_ns, action, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
            """,
            [
                id, account.id, breach.limit.rawValue, breach.loss, breach.allowed, breach.since,
                breach.action.rawValue, breach.description,
            ])
        guard inserted == 1 else { return }
        try await transaction.execute(
            """
            INSERT INTO control_audit (id, account, action, old_state, new_state, flatten, changed_by, reason)
            VALUES ($1, $2, $3, $4, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                id, account.id, "breach: \(breach.action.rawValue)", account.state, breach.action == .close,
                Self.source,
                breach.description,
            ])
    }

    /// Ends breaches.
    ///
    /// - Parameter by: who ended them.
    func end(
        _ breach: Breach, of account: String, by: String, reason: String, _ transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE limit_breaches SET ended_at = now(), ended_by = $3, end_reason = $4
            WHERE account = $1 AND limit_name = $2 AND ended_at IS NULL
            """, [account, breach.limit.rawValue, by, reason])
    }

    /// The owner accepts the losses: every breach ends, and what it measured is measured from here on.
    func acceptLosses(_ locked: Locked, by: String, reason: String, _ transaction: Transaction) async throws {
        let breaches = locked.snapshot.breaches
        guard !breaches.isEmpty else { return }
        let latest = market.latest
        let performance = Performance(locked.snapshot, prices: latest.prices, at: latest.time)
        var marks = performance.marks
        marks.accept(Set(breaches.map(\.limit)), profit: performance.profit)
        store(marks, of: locked, transaction)
        for breach in breaches { try await end(breach, of: locked.snapshot.id, by: by, reason: reason, transaction) }
    }

    /// The fills of an account from a moment on, with their orders as they were approved.
    func laterFills(
        _ locked: Locked, from time: Timestamp, _ transaction: Transaction
    ) async throws -> [LaterFill] {
        guard let last = locked.lastFill, last >= time else { return [] }
        return try await transaction.query(
            """
            SELECT f.venue_trade_id, f.order_id, f.symbol, f.side, f.price, f.quantity, f.fee, f.fee_in_base, f.maker,
                f.filled_ns, o.purpose, o.strategy, o.quantity AS ordered, o.approved_reserve
            FROM fills AS f JOIN orders AS o ON o.id = f.order_id
            WHERE f.account = $1 AND f.filled_ns >= $2 ORDER BY f.booked
            """, [locked.snapshot.id, time]
        ).map { row in
            let (order, symbol) = (try row.text("order_id"), try row.symbol("symbol"))
            return LaterFill(
                fill: Fill(
                    venueTradeID: try row.text("venue_trade_id"), orderID: order, account: locked.snapshot.id,
                    symbol: symbol, side: try row.value("side"), price: try row.price("price"),
                    quantity: try row.quantity("quantity"), fee: try row.money("fee"),
                    feeInBase: try row.quantity("fee_in_base"), isMaker: try row.bool("maker"),
                    time: try row.timestamp("filled_ns")),
                order: LiveOrder(
                    id: order, symbol: symbol, purpose: try row.value("purpose"), strategy: try row.text("strategy"),
                    remaining: try row.quantity("ordered"), reserved: try row.money("approved_reserve")))
        }
    }

    /// The closes of the minutes that the market view may not know any more; empty where there are none to catch up.
    private func closes(
        of symbols: Set<Symbol>, from first: Timestamp, until last: Timestamp, _ transaction: Transaction
    ) async throws -> CloseHistory {
        guard first <= last, !symbols.isEmpty else { return CloseHistory() }
        var history = CloseHistory()
        // An hour before, for a symbol that was quiet when the catching up begins.
        let rows = try await transaction.query(
            """
            SELECT DISTINCT ON (open_ns, symbol) symbol, open_ns, close FROM candles
            WHERE timeframe = '1m' AND symbol = ANY ($1::text[]) AND open_ns >= $2 AND open_ns < $3 AND trades > 0
            ORDER BY open_ns, symbol, revision DESC
            """, [BoundArray(symbols.map(\.name).sorted()), first - .minutes(60), last])
        for row in rows {
            let end = try row.timestamp("open_ns") + .minutes(1)
            history.add(try row.symbol("symbol"), try row.price("close"), end: end)
        }
        return history
    }
}

/// Closes of candles in the order of time, read forwards.
private struct CloseHistory {
    private var rows: [(end: Timestamp, symbol: Symbol, price: Price)] = []
    private var known: [Symbol: PricePoint] = [:]
    private var next = 0

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ symbol: Symbol, _ price: Price, end: Timestamp) { rows.append((end, symbol, price)) }

    /// The last closes at or before `minute`; asked for in ascending order.
    mutating func prices(at minute: Timestamp) -> [Symbol: PricePoint] {
        while next < rows.count, rows[next].end <= minute {
            let row = rows[next]
            known[row.symbol] = PricePoint(price: row.price, time: row.end - Timestamp.Span(nanoseconds: 1))
            next += 1
        }
        return known
    }
}
