import ArgumentParser
import Backtest
import Store

/// `plimsoll why`.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why it did, or did not, trade: from the signal to the position, in words.",
        discussion: "Without an id: the last decisions, each with its reason.")

    @Argument(help: "The id of a signal (sig-…), a decision (dec-…) or an order (ord-…).")
    var id: String?

    @Option(name: .long, help: "How many decisions to list when there is no id.")
    var last = 10

    @OptionGroup var suite: SuiteOptions

    func validate() throws {
        guard (1...1000).contains(last) else { throw ValidationError("--last is from 1 to 1000") }
    }

    func run() async throws {
        try await reporting {
            print(
                try await Suite.with(suite) { suite in
                    if let id { return try await story(id, suite.database) }
                    return try await Self.recent(last, suite.database)
                })
        }
    }

    private func story(_ id: String, _ database: Database) async throws -> String {
        guard let story = try await StoryLoader(database: database).load(id) else {
            throw Failure(
                "no signal, decision or order has the id \(id)",
                mend: "`plimsoll why` lists the last decisions; a signal is kept once risk-manager has answered it")
        }
        return story.text.wrapped()
    }

    /// The last decisions: a line each, with the reason below it.
    static func recent(_ last: Int, _ database: Database) async throws -> String {
        let rows = try await database.query(
            """
            SELECT coalesce(signal_id, id) AS id, decided_ns, account, outcome, reason,
                coalesce(inputs->>'symbol', '') AS symbol, coalesce(inputs->>'action', '') AS action
            FROM decisions ORDER BY at DESC, id LIMIT $1
            """, [last])
        guard !rows.isEmpty else { return "No decisions yet: no strategy has raised a signal." }
        var table = TextTable("DECIDED", "ACCOUNT", "SYMBOL", "WISH", "OUTCOME", "ID")
        for row in rows {
            table.add(
                Figures.time(try row.timestamp("decided_ns")), try row.text("account"), try row.text("symbol"),
                try row.text("action"), try row.text("outcome"), try row.text("id"))
        }
        let reasons = try rows.map { "    \(try $0.text("reason"))".wrapped() }
        return (table.lines.prefix(1) + zip(table.lines.dropFirst(), reasons).flatMap { [$0, $1] })
            .joined(separator: "\n")
    }
}
