import Backtest
import Domain

extension Story {
    /// Told in words, oldest first.
    var text: String {
        var paragraphs: [String] = []
        if let wish { paragraphs.append(wish.text) }
        if wish != nil, decisions.isEmpty {
            paragraphs.append(
                "No account has decided on it: none follows this strategy, or risk-manager was not there.")
        }
        for decision in decisions {
            paragraphs.append(decision.text)
            paragraphs += orders.filter { $0.decision == decision.id }.map(\.text)
        }
        let known = Set(decisions.map(\.id))
        paragraphs += orders.filter { !known.contains($0.decision ?? "") }.map(\.text)
        paragraphs += roundTrips.map(\.text)
        paragraphs += holdings.map(\.text)
        if !orders.isEmpty, holdings.isEmpty, roundTrips.isEmpty {
            let bought = orders.contains { $0.filled.isPositive }
            paragraphs.append(
                bought ? "No position of it is left." : "Nothing was bought or sold, so there is no position.")
        }
        return paragraphs.joined(separator: "\n\n")
    }
}

extension Story.Wish {
    var text: String {
        let wanted = action == "enter" ? "wanted to buy" : "wanted to leave"
        var lines = [
            "\(Figures.time(candleClose))  \(strategy) \(wanted) \(symbol) at the \(timeframe) close of \(price)"
        ]
        if action == "enter" {
            lines.append(
                "  stop \(stop?.description ?? "none"), target \(target?.description ?? "none"), confidence \(Figures.percent(confidence))"
            )
        }
        lines += reasons.map { "  because \($0)" }
        lines.append("  signal \(id)")
        return lines.joined(separator: "\n")
    }
}

extension Story.Decision {
    var text: String {
        var lines = ["\(Figures.time(decidedAt))  \(account) \(outcome) it (\(code))", "  \(reason)"]
        if !figures.isEmpty {
            lines.append("  the numbers:")
            let width = figures.map(\.name.count).max() ?? 0
            lines += figures.map {
                "    \($0.name)\(String(repeating: " ", count: width - $0.name.count))  \($0.value)"
            }
        }
        lines.append("  decision \(id)")
        return lines.joined(separator: "\n")
    }
}

extension Story.Order {
    var text: String {
        let kind = type == "market" ? "at market" : type.replacing("_", with: " ") + (trigger.map { " at \($0)" } ?? "")
        var lines = [
            "\(Figures.time(decidedAt))  \(account) \(side) \(quantity) \(symbol) \(kind), \(purpose.replacing("_", with: " "))"
        ]
        lines.append("  \(reason)")
        let outcome = stateReason.isEmpty ? "" : ": \(stateReason)"
        lines.append("  \(state.replacing("_", with: " "))\(outcome); \(filled) of \(quantity) filled")
        lines += fills.map { fill in
            "  \(Figures.time(fill.time))  filled \(fill.quantity) at \(fill.price), fee \(fill.fee)"
        }
        lines.append("  order \(id)")
        return lines.joined(separator: "\n")
    }
}

extension Story.Holding {
    var text: String {
        let paid = cost.perUnit(of: quantity).map { " at \($0) on average" } ?? ""
        let exits = "stop \(stop?.description ?? "none"), target \(target?.description ?? "none")"
        return "Now \(account) holds \(quantity) \(symbol), bought\(paid); \(exits)."
    }
}

extension Story.RoundTrip {
    var text: String {
        let net = realised - fees
        return """
            \(Figures.time(closedAt))  \(account) had sold all of it: \(quantity) \(symbol) bought at \(entry), sold at \(exit)
              \(Figures.profit(realised)) less \(fees) fees makes \(Figures.profit(net)); \(reason)
            """
    }
}
