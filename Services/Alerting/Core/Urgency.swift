package import Domain

/// Raises the severity of an alert and shortens the waits of its escalation, by the money at risk and by the time left to
/// the goal's date, as its labels or annotations tell them.
///
/// In the file (`plimsoll: urgency:`, a list): `matchers` (none: all), `money_at_risk: {label, at_least}`,
/// `goal_date: {label, within}`, `severity` (optional), `waits_percent` (1 to 100; default 100). All that is given must
/// hold. A label that is missing or unreadable does not hold.
package struct UrgencyRule: Hashable, Sendable {
    /// An amount in a label, such as `money_at_risk="12500.50"`.
    package struct MoneyAtRisk: Hashable, Sendable {
        package let label: String
        package let atLeast: Money
        package init(label: String, atLeast: Money) {
            self.label = label
            self.atLeast = atLeast
        }
    }

    /// A day in a label, such as `goal_date="2026-12-31"`; its end (UTC) is what counts.
    package struct GoalDate: Hashable, Sendable {
        package let label: String
        package let within: Timestamp.Span
        package init(label: String, within: Timestamp.Span) {
            self.label = label
            self.within = within
        }
    }

    package var matchers: [Matcher]
    package var moneyAtRisk: MoneyAtRisk?
    package var goalDate: GoalDate?
    package var severity: String?
    package var waitsPercent: Int

    package init(
        matchers: [Matcher] = [], moneyAtRisk: MoneyAtRisk? = nil, goalDate: GoalDate? = nil, severity: String? = nil,
        waitsPercent: Int = 100
    ) {
        self.matchers = matchers
        self.moneyAtRisk = moneyAtRisk
        self.goalDate = goalDate
        self.severity = severity
        self.waitsPercent = min(100, max(1, waitsPercent))
    }

    /// Whether it holds, and why in words; nil when it does not.
    func reason(_ alert: Alert, at now: Timestamp) -> String? {
        guard matchers.match(alert.labels) else { return nil }
        var reasons: [String] = []
        if let moneyAtRisk {
            guard let amount = Money(Self.text(moneyAtRisk.label, alert)), amount >= moneyAtRisk.atLeast else {
                return nil
            }
            reasons.append("\(amount) at risk")
        }
        if let goalDate {
            guard let day = CivilDay(text: Self.text(goalDate.label, alert)),
                now + goalDate.within >= CivilDay(daysSinceEpoch: day.daysSinceEpoch + 1).start
            else { return nil }
            reasons.append("the goal is due on \(day)")
        }
        return reasons.isEmpty ? "by its labels" : reasons.joined(separator: ", ")
    }

    /// Whether time alone may make it hold.
    var dependsOnTime: Bool { goalDate != nil }

    private static func text(_ name: String, _ alert: Alert) -> String {
        let label = alert.labels[name]
        return label.isEmpty ? alert.annotations[name] : label
    }
}

/// How urgent an alert is now.
package struct Urgency: Hashable, Sendable {
    /// The label's severity, or the one that a rule raises it to.
    package var severity: String
    /// Waits are cut to this part of them.
    package var waitsPercent: Int
    /// Why, in words; empty when no rule holds.
    package var reasons: [String]

    private static let order = ["none", "info", "warning", "critical"]

    /// By all rules that hold: the highest severity and the shortest waits.
    package init(_ alert: Alert, _ rules: [UrgencyRule], at now: Timestamp) {
        severity = alert.labels["severity"]
        waitsPercent = 100
        reasons = []
        for rule in rules {
            guard let reason = rule.reason(alert, at: now) else { continue }
            if let raised = rule.severity, Self.rank(raised) > Self.rank(severity) { severity = raised }
            waitsPercent = min(waitsPercent, rule.waitsPercent)
            reasons.append(reason)
        }
    }

    /// A name that is not known ranks as a warning.
    private static func rank(_ severity: String) -> Int {
        severity.isEmpty ? 0 : order.firstIndex(of: severity) ?? 2
    }
}

extension CivilDay {
    /// From `2026-12-31`; nil when it is no day.
    fileprivate init?(text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, text.utf8.count == 10, let year = Int64(parts[0]), let month = Int64(parts[1]),
            let day = Int64(parts[2]), year > 0, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard description == text else { return nil }
    }
}
