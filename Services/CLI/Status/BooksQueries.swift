import Domain
import Store

/// Reads what the books say for `status`.
struct BooksQueries: Sendable {
    let database: Database

    func load() async throws -> StatusReport.Books {
        var books = StatusReport.Books()
        books.accounts = try await accounts()
        books.positions = try await positions()
        books.marks = try await marks(Set(books.positions.map(\.symbol)))
        books.goals = try await goals()
        books.breaches = try await database.query(
            "SELECT account, reason FROM limit_breaches WHERE ended_at IS NULL ORDER BY account, since_ns, limit_name"
        ).map { StatusReport.Breach(account: try $0.text("account"), reason: try $0.text("reason")) }
        for row in try await database.query(
            "SELECT account, count(*) AS count FROM fills_set_aside WHERE settlement IS NULL GROUP BY account")
        {
            books.fillsAside[try row.text("account")] = try row.int("count")
        }
        let row = try await database.query(
            """
            SELECT (SELECT count(*) FROM dead_letters) AS dead, (
                SELECT count(*) FROM orders
                WHERE state = 'submitting' AND submitted_at < now() - interval '10 seconds') AS doubt
            """
        ).first
        books.deadLetters = try row?.int("dead") ?? 0
        books.inDoubt = try row?.int("doubt") ?? 0
        return books
    }

    private func accounts() async throws -> [StatusReport.Account] {
        try await database.query(
            """
            SELECT id, state, venue, currency, cash, deposits - withdrawals AS net_deposits, realised, fees, (
                SELECT count(*) FROM orders WHERE orders.account = accounts.id
                    AND orders.state IN ('approved', 'submitting', 'open', 'partially_filled')) AS live_orders
            FROM accounts ORDER BY id
            """
        ).map { row in
            StatusReport.Account(
                id: try row.text("id"), state: try row.text("state"), venue: try row.text("venue"),
                currency: try row.text("currency"), cash: try row.money("cash"),
                netDeposits: try row.money("net_deposits"), realised: try row.money("realised"),
                fees: try row.money("fees"), liveOrders: try row.int("live_orders"))
        }
    }

    private func positions() async throws -> [StatusReport.Position] {
        try await database.query(
            """
            SELECT account, symbol, quantity, cost, stop, target, strategy FROM positions
            WHERE quantity > 0 AND is_open ORDER BY account, symbol
            """
        ).map { row in
            StatusReport.Position(
                account: try row.text("account"), symbol: try row.symbol("symbol"),
                quantity: try row.quantity("quantity"), cost: try row.money("cost"), stop: try row.optional("stop"),
                target: try row.optional("target"), strategy: try row.text("strategy"))
        }
    }

    private func marks(_ symbols: Set<Symbol>) async throws -> [Symbol: StatusReport.Mark] {
        var marks: [Symbol: StatusReport.Mark] = [:]
        for symbol in symbols {
            let row = try await database.query(
                """
                SELECT close, open_ns FROM candles WHERE symbol = $1 AND timeframe = $2
                ORDER BY open_ns DESC, revision DESC LIMIT 1
                """, [symbol, Timeframe.minute1]
            ).first
            guard let row else { continue }
            marks[symbol] = StatusReport.Mark(
                price: try row.price("close"), time: try row.timestamp("open_ns") + Timeframe.minute1.span)
        }
        return marks
    }

    private func goals() async throws -> [StatusReport.Goal] {
        try await database.query(
            """
            SELECT id, account, kind, target, deadline_ns, state, (
                SELECT progress FROM goal_progress_history AS history WHERE history.goal_id = financial_goals.id
                ORDER BY at DESC LIMIT 1) AS progress
            FROM financial_goals WHERE state IN ('active', 'reached') ORDER BY account, deadline_ns, id
            """
        ).map { row in
            StatusReport.Goal(
                id: try row.text("id"), account: try row.text("account"), kind: try row.text("kind"),
                target: try row.money("target"), progress: try row.optional("progress"),
                deadline: try row.timestamp("deadline_ns"), state: try row.text("state"))
        }
    }
}
