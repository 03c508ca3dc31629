import Domain

/// While an alert that `source` matches fires, alerts that `target` matches are not told, when both have the same values
/// of all the `equal` labels (a label that is not there counts as empty).
package struct InhibitRule: Hashable, Sendable {
    package var name: String
    package var source: [Matcher]
    package var target: [Matcher]
    package var equal: [String]

    package init(name: String = "", source: [Matcher], target: [Matcher], equal: [String] = []) {
        self.name = name
        self.source = source
        self.target = target
        self.equal = equal
    }
}

/// Which alerts inhibit which. Each rule keeps its sources by the values of its equal labels.
struct Inhibitor: Sendable {
    private struct Sources: Sendable {
        let rule: InhibitRule
        var byValues: [[String]: Set<Fingerprint>] = [:]
    }

    private var rules: [Sources]

    init(_ rules: [InhibitRule]) { self.rules = rules.map { Sources(rule: $0) } }

    var isEmpty: Bool { rules.isEmpty }

    mutating func add(_ alert: Alert) {
        for index in rules.indices where rules[index].rule.source.match(alert.labels) {
            rules[index].byValues[Self.values(alert.labels, rules[index].rule), default: []].insert(alert.fingerprint)
        }
    }

    mutating func remove(_ alert: Alert) {
        for index in rules.indices where rules[index].rule.source.match(alert.labels) {
            let values = Self.values(alert.labels, rules[index].rule)
            rules[index].byValues[values]?.remove(alert.fingerprint)
            if rules[index].byValues[values]?.isEmpty == true { rules[index].byValues[values] = nil }
        }
    }

    /// The alert that inhibits another, by the first rule that says so; nil when none does. An alert that matches both
    /// sides of a rule is not inhibited by another that does.
    func inhibitor(of labels: Labels, at now: Timestamp, _ alert: (Fingerprint) -> Alert?) -> Fingerprint? {
        for sources in rules where sources.rule.target.match(labels) {
            guard let candidates = sources.byValues[Self.values(labels, sources.rule)] else { continue }
            let isBoth = sources.rule.source.match(labels)
            let found = candidates.filter { fingerprint in
                guard let source = alert(fingerprint), source.isActive(at: now) else { return false }
                return !(isBoth && sources.rule.target.match(source.labels))
            }.min()
            if let found { return found }
        }
        return nil
    }

    private static func values(_ labels: Labels, _ rule: InhibitRule) -> [String] { rule.equal.map { labels[$0] } }
}
