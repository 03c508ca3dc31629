import AlertingCore
import Domain
import ServiceKit

/// Reads what Alertmanager does not know: the section `plimsoll` of the file. `EventRule`, `FlapRule`, `UrgencyRule`,
/// `EscalationChain`, `Watchdog`, `HeartbeatRule` and `DailyTest` say what its keys mean.
///
/// Without that section the file is one that Alertmanager reads too.
struct SuiteRulesReader {
    /// The names of all receivers.
    let receivers: Set<String>

    private static let longest = Duration.seconds(365 * 86_400)
    private static let spans = Duration.seconds(1)...longest

    /// The rules for occurrences.
    func events(_ section: SettingsReader) -> [EventRule] {
        section.items("events").map { item in
            EventRule(
                matchers: matchers(item), by: item.has("by") ? item.strings("by") : nil,
                cooldown: span(item, "cooldown"), lasts: span(item, "lasts"),
                shown: item.integer("shown", in: 1...100, default: EventRule.shownDefault))
        }
    }

    /// The rules for what comes and goes.
    func flapping(_ section: SettingsReader) -> [FlapRule] {
        section.items("flapping").map { item in
            FlapRule(
                matchers: matchers(item), changes: item.integer("changes", in: 2...100),
                window: item.duration("window", in: Self.spans).span, calm: item.duration("calm", in: Self.spans).span)
        }
    }

    /// The chains of escalation, and what makes alerts more urgent.
    func escalation(_ section: SettingsReader) -> EscalationBook.Settings {
        let urgency = section.items("urgency").map(urgency)
        let chains = section.items("escalations").map(chain)
        return EscalationBook.Settings(chains: chains, urgency: urgency)
    }

    private func chain(_ item: SettingsReader) -> EscalationChain {
        let steps = item.items("steps").map { step in
            let names = step.strings("receivers")
            for name in names where !receivers.contains(name) {
                step.fault("receivers", "no receiver is named \(name)")
            }
            return EscalationChain.Step(
                wait: step.duration("wait", in: .zero...Self.longest).span, receivers: names)
        }
        if steps.isEmpty { item.fault("steps", "name at least one step") }
        return EscalationChain(
            name: item.string("name"), matchers: matchers(item), steps: steps, repeatInterval: span(item, "repeat"),
            acknowledgedFor: span(item, "acknowledged_for"))
    }

    private func urgency(_ item: SettingsReader) -> UrgencyRule {
        var rule = UrgencyRule(
            matchers: matchers(item), severity: item.optionalString("severity"),
            waitsPercent: item.integer("waits_percent", in: 1...100, default: 100))
        if item.has("money_at_risk") {
            let money = item.scoped(to: "money_at_risk")
            let limits = Money(raw: 1)...Money(raw: Int128(Int64.max))
            rule.moneyAtRisk = .init(label: money.string("label"), atLeast: money.money("at_least", in: limits))
        }
        if item.has("goal_date") {
            let date = item.scoped(to: "goal_date")
            rule.goalDate = .init(label: date.string("label"), within: date.duration("within", in: Self.spans).span)
        }
        return rule
    }

    /// Who must not fall silent.
    func watch(_ section: SettingsReader) -> DeadMansSwitch.Settings {
        let patience = Duration.seconds(2)...Duration.seconds(86_400)
        let watchdogs = section.items("watchdogs").map { item in
            let matchers = matchers(item)
            if matchers.isEmpty { item.fault("matchers", "say which alert fires always") }
            return Watchdog(
                name: item.string("name"), matchers: matchers, within: item.duration("within", in: patience).span,
                severity: item.string("severity", default: "critical"))
        }
        guard section.has("heartbeats") else { return DeadMansSwitch.Settings(watchdogs: watchdogs) }
        let item = section.scoped(to: "heartbeats")
        let within = item.duration("within", in: Duration.seconds(5)...Duration.seconds(86_400), default: .seconds(60))
        return DeadMansSwitch.Settings(
            watchdogs: watchdogs,
            heartbeats: HeartbeatRule(
                services: item.strings("services"), within: within.span,
                severity: item.string("severity", default: "critical")))
    }

    /// When every channel is tried; nil: never.
    func dailyTest(_ section: SettingsReader) -> DailyTest? {
        guard section.has("daily_test") else { return nil }
        let item = section.scoped(to: "daily_test")
        var minute = 0
        let at = item.string("at")
        do throws(TimeInterval.Failure) { minute = try TimeInterval.times(from: at, to: "24:00").lowerBound } catch {
            item.fault("at", "\(error)")
        }
        var zone = Zone.utc
        if let name = item.optionalString("location") {
            if let known = Zone.named(name) {
                zone = known
            } else {
                item.fault("location", "no time zone has this name")
            }
        }
        let names = item.strings("receivers", default: [])
        for name in names where !receivers.contains(name) { item.fault("receivers", "no receiver is named \(name)") }
        return DailyTest(minute: minute, zone: zone, receivers: names)
    }

    private func span(_ item: SettingsReader, _ key: String) -> Timestamp.Span? {
        item.has(key) ? item.duration(key, in: Self.spans).span : nil
    }

    private func matchers(_ item: SettingsReader) -> [Matcher] {
        item.strings("matchers", default: []).flatMap { text in
            do throws(Matcher.Failure) {
                return try Matcher.list(text)
            } catch {
                item.fault("matchers", "\(text): \(error)")
                return []
            }
        }
    }
}
