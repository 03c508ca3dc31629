/// A condition on one label, such as `severity="critical"` or `job=~"market-.*|strategy"`.
package struct Matcher: Sendable {
    /// How the value is compared.
    package enum Comparison: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"

        /// Alertmanager's two flags for the same.
        package init(isEqual: Bool, isRegex: Bool) {
            self = isRegex ? (isEqual ? .matches : .notMatches) : (isEqual ? .equal : .notEqual)
        }

        package var isRegex: Bool { self == .matches || self == .notMatches }
        package var isEqual: Bool { self == .equal || self == .matches }

        /// Alertmanager's order.
        var rank: Int {
            switch self {
            case .equal: 0
            case .notEqual: 1
            case .matches: 2
            case .notMatches: 3
            }
        }
    }

    /// Why there is no matcher; the description has Alertmanager's words.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Not `name op value`.
        case malformed(String)
        /// The regular expression is refused; with the reason.
        case badPattern(String)

        package var description: String {
            switch self {
            case .malformed(let text): text
            case .badPattern(let reason): reason
            }
        }
    }

    package let name: String
    package let comparison: Comparison
    package let value: String
    private let pattern: Pattern?

    /// - Throws: `Failure.badPattern` when the value should be a regular expression and is none.
    package init(_ name: String, _ comparison: Comparison, _ value: String) throws(Failure) {
        self.name = name
        self.comparison = comparison
        self.value = value
        do throws(Pattern.Failure) {
            pattern = comparison.isRegex ? try Pattern(value) : nil
        } catch {
            throw .badPattern(error.description)
        }
    }

    /// A label that is not there counts as empty.
    package func matches(_ labels: Labels) -> Bool { matches(value: labels[name]) }

    /// Whether it would hold for a label of this value.
    package func matches(value held: String) -> Bool {
        // Swift takes some texts of different bytes for equal; Go does not.
        let holds = pattern?.matches(held) ?? (held == value && held.utf8.elementsEqual(value.utf8))
        return comparison.isEqual ? holds : !holds
    }
}

extension Matcher: Hashable, Comparable {
    package static func == (left: Matcher, right: Matcher) -> Bool {
        left.name == right.name && left.comparison == right.comparison && left.value == right.value
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(comparison)
        hasher.combine(value)
    }

    /// By name, value and comparison, as Alertmanager sorts the matchers of a route.
    package static func < (left: Matcher, right: Matcher) -> Bool {
        if left.name != right.name { return left.name.precedes(right.name) }
        if left.value != right.value { return left.value.precedes(right.value) }
        return left.comparison.rank < right.comparison.rank
    }
}

extension Matcher: CustomStringConvertible {
    /// As it is written in a file: `severity="critical"`.
    package var description: String {
        if name.unicodeScalars.contains(where: UTF8MatcherParser.isReserved) {
            return GoText.quoted(name) + comparison.rawValue + GoText.quoted(value)
        }
        return "\(name)\(comparison.rawValue)\"\(Self.escaped(value))\""
    }

    /// OpenMetrics' escapes.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Matcher: Codable {
    private enum CodingKeys: String, CodingKey { case name, value, isRegex, isEqual }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let isEqual = try container.decodeIfPresent(Bool.self, forKey: .isEqual) ?? true
        let isRegex = try container.decode(Bool.self, forKey: .isRegex)
        try self.init(
            try container.decode(String.self, forKey: .name), Comparison(isEqual: isEqual, isRegex: isRegex),
            try container.decode(String.self, forKey: .value))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(value, forKey: .value)
        try container.encode(comparison.isRegex, forKey: .isRegex)
        try container.encode(comparison.isEqual, forKey: .isEqual)
    }
}

extension [Matcher] {
    /// Whether all hold.
    package func match(_ labels: Labels) -> Bool { allSatisfy { $0.matches(labels) } }

    /// `{severity="critical",team=~"risk|execution"}`.
    package var text: String { "{" + map(\.description).joined(separator: ",") + "}" }
}

extension String {
    /// By bytes, as Go compares strings.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
