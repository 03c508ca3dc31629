import ArgumentParser
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
                    return try await recent(suite.database)
                })
        }
    }

    private func story(_ id: String, _ database: Database) async throws -> String {
        guard let story = try await StoryLoader(database: database).load(id) else {
            throw Failure(
                "no signal, decision or order has the id \(id)",
                mend: "`plimsoll why` lists the last decisions; a signal is kept once risk-manager has answered it")
        }
        return story.text
    }

    private func recent(_ database: Database) async throws -> String {
        let rows = try await database.query(
            """
            SELECT coalesce(d.signal_id, d.id) AS id, d.decided_ns, d.account, d.outcome, d.reason, s.symbol
            FROM decisions AS d LEFT JOIN signals AS s ON s.id = d.signal_id ORDER BY d.at DESC LIMIT $1
            """, [last])
        guard !rows.isEmpty else { return "No decisions yet: no strategy has raised a signal." }
        var table = TextTable("DECIDED", "ACCOUNT", "SYMBOL", "OUTCOME", "REASON", "SIGNAL")
        for row in rows {
            table.add(
                Figures.time(try row.timestamp("decided_ns")), try row.text("account"),
                try row.optional("symbol", as: String.self) ?? "", try row.text("outcome"), try row.text("reason"),
                try row.text("id"))
        }
        return table.text
    }
}
