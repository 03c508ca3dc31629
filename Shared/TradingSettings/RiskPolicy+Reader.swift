package import Domain
package import RiskManagerCore
package import ServiceKit

extension RiskPolicy {
    /// The keys that may change while risk-manager runs.
    package static let liveKeys: Set<String> = [
        "risk.risk_per_trade", "risk.entry_expiry", "risk.limits", "risk.reserve_margin", "risk.goal_boost",
        "risk.goal_factors", "risk.goal_preservation", "risk.on_breach", "accounts[].risk_per_trade",
        "accounts[].limits", "accounts[].on_breach",
    ]

    /// Shares are of the equity unless said otherwise.
    ///
    /// - `risk.risk_per_trade` (ratio, 0.00001 … 0.1, default 0.005): what one trade may lose at its stop; doubtful above 0.02,
    ///   dangerous above 0.05.
    /// - `risk.entry_expiry` (1s … 10m, default 30s; doubtful above 2m), `risk.stale_price_after` (1s … 10m, default 15s;
    ///   doubtful above 1m, dangerous above 5m): in exchange time.
    /// - `risk.limits.*`: see `RiskLimits`.
    /// - `risk.reserve_margin` (0 … 0.2, default 0.01): held back above an entry's notional.
    /// - `risk.goal_boost`, `risk.goal_factors`, `risk.goal_preservation`: see `GoalFactors`.
    /// - `risk.on_breach` (`refuse`, `halve`, `close`, default `refuse`).
    ///
    /// - Parameter account: an item of `accounts`; its `risk_per_trade`, `on_breach` and `limits.*` hold instead of those of
    ///   `risk`. Nil for none.
    package init(_ reader: SettingsReader, account: SettingsReader? = nil) {
        let section = Layers(base: reader.scoped(to: "risk"), over: account)
        self.init(
            riskPerTrade: section("risk_per_trade").ratio(
                "risk_per_trade", in: Ratio(1, over: 100_000)...Ratio(1, over: 10), default: Ratio(5, over: 1000),
                caution: Caution(warnAbove: Ratio(2, over: 100), refuseAbove: Ratio(5, over: 100))),
            limits: RiskLimits(reader, section),
            entryExpiry: section.base.duration(
                "entry_expiry", in: .seconds(1)...(.seconds(600)), default: .seconds(30),
                caution: Caution(warnAbove: .seconds(120))
            ).span,
            stalePriceAfter: section.base.duration(
                "stale_price_after", in: .seconds(1)...(.seconds(600)), default: .seconds(15),
                caution: Caution(warnAbove: .seconds(60), refuseAbove: .seconds(300))
            ).span,
            goalFactors: GoalFactors(section.base),
            reserveMargin: section.base.ratio(
                "reserve_margin", in: .zero...Ratio(20, over: 100), default: Ratio(1, over: 100)),
            onBreach: section("on_breach").oneOf("on_breach", BreachAction.self, default: .refuse))
    }
}

/// A section of the settings, and what overrides single keys of it.
private struct Layers {
    let base: SettingsReader
    let over: SettingsReader?

    /// The reader that has the key: the overriding one where it gives a value.
    func callAsFunction(_ key: String) -> SettingsReader {
        guard let over, over.has(key) else { return base }
        return over
    }
}

extension RiskLimits {
    /// Amounts above this are refused, so that no sum of them leaves the numbers of the suite.
    package static let amountMax = Money(raw: 1_000_000_000_000_000 * 100_000_000)

    /// - `risk.limits.position` (0.001 … 1, default 0.2; doubtful above 0.3, dangerous above 0.5),
    ///   `risk.limits.gross_exposure` (default 0.8; doubtful above 0.9).
    /// - `risk.limits.open_positions` (1 … 1000, default 5; doubtful above 20).
    /// - `risk.limits.daily_loss` (default 0.03; doubtful above 0.1, dangerous above 0.2).
    /// - `risk.limits.drawdown` (default 0.1), `risk.limits.monthly_drawdown` (default 0.05),
    ///   `risk.limits.monthly_drawdown_near_goal` (default 0.02): doubtful above 0.2, dangerous above 0.3.
    /// - `execution.order_notional_cap` (money, optional): no order is sized above it.
    fileprivate init(_ reader: SettingsReader, _ section: Layers) {
        func share(_ key: String, _ fallback: Ratio, _ caution: Caution<Ratio>) -> Ratio {
            section("limits.\(key)").ratio(
                "limits.\(key)", in: Ratio(1, over: 1000)...(.one), default: fallback, caution: caution)
        }
        func percent(_ warn: Int64, _ refuse: Int64? = nil) -> Caution<Ratio> {
            Caution(warnAbove: Ratio(warn, over: 100), refuseAbove: refuse.map { Ratio($0, over: 100) })
        }
        let cap = "execution.order_notional_cap"
        self.init(
            position: share("position", Ratio(2, over: 10), percent(30, 50)),
            grossExposure: share("gross_exposure", Ratio(8, over: 10), percent(90)),
            openPositions: section("limits.open_positions").integer(
                "limits.open_positions", in: 1...1000, default: 5, caution: Caution(warnAbove: 20)),
            dailyLoss: share("daily_loss", Ratio(3, over: 100), percent(10, 20)),
            drawdown: share("drawdown", Ratio(10, over: 100), percent(20, 30)),
            monthlyDrawdown: share("monthly_drawdown", Ratio(5, over: 100), percent(20, 30)),
            monthlyDrawdownNearGoal: share("monthly_drawdown_near_goal", Ratio(2, over: 100), percent(20, 30)),
            orderNotional: reader.has(cap) ? reader.money(cap, in: Money(raw: 1)...Self.amountMax) : nil)
        if monthlyDrawdownNearGoal > monthlyDrawdown {
            section("limits.monthly_drawdown_near_goal").warning(
                "limits.monthly_drawdown_near_goal", "is above monthly_drawdown and has no effect")
        }
        if position > grossExposure {
            section("limits.position").warning("limits.position", "is above gross_exposure and has no effect")
        }
    }
}

extension GoalFactors {
    /// How progress towards a goal changes the size of an entry.
    ///
    /// - `goal_factors` (list of `from` 0 … 10 and `factor` 0 … 2, default 1.3 from 0, 1 from 0.3, 0.7 from 0.8, 0.5 from 0.95):
    ///   ascending; a factor above 1.5 is dangerous, and so is one that rises with the progress.
    /// - `goal_preservation.from` (0 … 1, default 0.8), `.to` (default 0.95), `.factor` (default 0.5): near a portfolio target
    ///   the size falls in a line from 1 to the factor.
    /// - `goal_boost` (boolean, default true): false: no goal raises a size.
    fileprivate init(_ section: SettingsReader) {
        let items = section.items("goal_factors")
        let steps = items.map { item in
            Step(
                from: item.ratio("from", in: .zero...Ratio(10, over: 1)),
                factor: item.ratio(
                    "factor", in: .zero...Ratio(2, over: 1), caution: Caution(refuseAbove: Ratio(3, over: 2))))
        }
        for (index, step) in steps.enumerated().dropFirst() {
            let before = steps[index - 1]
            if step.from <= before.from { items[index].fault("from", "must be above the one before, \(before.from)") }
            if step.factor > before.factor {
                items[index].danger("factor", "more risk the nearer the goal is dangerous")
            }
        }
        let unit = Ratio.zero...Ratio.one
        let kept = section.scoped(to: "goal_preservation")
        let from = kept.ratio("from", in: unit, default: Ratio(80, over: 100))
        let to = kept.ratio("to", in: unit, default: Ratio(95, over: 100))
        if from >= to { kept.fault("to", "must be above goal_preservation.from, \(from)") }
        self.init(
            steps: steps.isEmpty ? Self.usual : steps, preservationFrom: from, preservationTo: to,
            preservationFactor: kept.ratio("factor", in: unit, default: Ratio(1, over: 2)),
            boost: section.boolean("goal_boost", default: true))
    }
}
