import Backtest
import Domain

extension StatusReport {
    /// As it is printed.
    var text: String {
        var parts = ["Plimsoll at \(Figures.time(now))"]
        if let trouble { parts.append("DATABASE\n  \(trouble)") }
        if let books {
            parts.append("ACCOUNTS\n" + accountsText(books))
            parts.append("POSITIONS\n" + positionsText(books))
            parts.append("GOALS\n" + goalsText(books))
        }
        parts.append("SOURCES\n" + sourcesText)
        parts.append("SERVICES\n" + servicesText)
        let attention = attentionText
        if !attention.isEmpty {
            parts.append("ATTENTION\n" + attention.map { "  \($0)".wrapped() }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    private func accountsText(_ books: Books) -> String {
        guard !books.accounts.isEmpty else {
            return "  none yet: risk-manager makes them from the settings at its start"
        }
        var table = TextTable(
            "ACCOUNT", "STATE", "VENUE", ">EQUITY", ">PROFIT", ">CASH", ">REALISED", ">FEES", ">ORDERS", "")
        for account in books.accounts {
            let equity = equity(of: account)
            table.add(
                account.id, account.state, account.venue, equity.map(Figures.money) ?? "no price",
                equity.map { Figures.profit($0 - account.netDeposits) } ?? "", Figures.money(account.cash),
                Figures.profit(account.realised), Figures.money(account.fees), String(account.liveOrders),
                account.currency)
        }
        return table.text
    }

    private func positionsText(_ books: Books) -> String {
        guard !books.positions.isEmpty else { return "  none" }
        var table = TextTable(
            "ACCOUNT", "SYMBOL", ">QUANTITY", ">PAID", ">PRICE", ">UNREALISED", ">STOP", ">TARGET", "STRATEGY", "PRICED"
        )
        for position in books.positions {
            let mark = books.marks[position.symbol]
            let unrealised = mark.map { $0.price.times(position.quantity) - position.cost }
            table.add(
                position.account, position.symbol.name, position.quantity.description,
                position.cost.perUnit(of: position.quantity).map(\.description) ?? "",
                mark?.price.description ?? "none",
                unrealised.map(Figures.profit) ?? "", position.stop?.description ?? "none",
                position.target?.description ?? "none", position.strategy,
                mark.map { Figures.age(now - $0.time) + " ago" } ?? "")
        }
        return table.text
    }

    private func goalsText(_ books: Books) -> String {
        guard !books.goals.isEmpty else { return "  none: state one with `plimsoll goal create`" }
        var table = TextTable("GOAL", "ACCOUNT", "KIND", ">TARGET", ">PROGRESS", "UNTIL", "STATE")
        for goal in books.goals {
            table.add(
                goal.id, goal.account, goal.kind.replacing("_", with: " "), GoalLine.target(goal.kind, goal.target),
                goal.progress.map(Figures.percent) ?? "not yet", String(goal.deadline.description.prefix(10)),
                goal.state)
        }
        return table.text
    }

    private var sourcesText: String {
        guard !sources.isEmpty else { return "  unknown: market-data does not say" }
        var table = TextTable("EXCHANGE", "SYMBOL", "STATE", ">LAST MESSAGE")
        for source in sources {
            let state = !source.connected ? "down" : source.stale ? "silent" : "live"
            table.add(
                source.exchange, source.symbol, state,
                source.age.map { Figures.age(.milliseconds(Int64(min($0, 1e9) * 1000))) + " ago" } ?? "none yet")
        }
        return table.text
    }

    private var servicesText: String {
        var table = TextTable("SERVICE", "STATE", "")
        for service in services {
            switch service.state {
            case .ready: table.add(service.name, "ready")
            case .notReady(let reasons): table.add(service.name, "not ready", reasons.joined(separator: "; "))
            case .unreachable: table.add(service.name, "unreachable")
            }
        }
        return table.text
    }

    private var attentionText: [String] {
        var lines: [String] = []
        if let books {
            for account in books.accounts where account.state != "running" {
                lines.append("\(account.id) is \(account.state): `plimsoll resume \(account.id)` lets it trade again")
            }
            for breach in books.breaches {
                lines.append("\(breach.account): \(breach.reason)")
            }
            for position in books.positions where position.stop == nil {
                lines.append("\(position.account) holds \(position.symbol) without a stop")
            }
            for (account, count) in books.fillsAside.sorted(by: { $0.key < $1.key }) {
                lines.append(
                    "\(account) takes no new risk, for \(count) fills could not be booked: see `plimsoll fills-set-aside`"
                )
            }
            if books.inDoubt > 0 {
                lines.append("\(books.inDoubt) orders are with the venue without an answer for over 10 s")
            }
            if books.deadLetters > 0 {
                lines.append(
                    "\(books.deadLetters) events could not be applied: see table dead_letters and docs/runbook.md")
            }
        }
        return lines
    }
}
