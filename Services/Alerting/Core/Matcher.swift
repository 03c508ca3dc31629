/// A condition on one label, such as `severity="critical"` or `job=~"market-.*|strategy"`.
package struct Matcher: Hashable, Sendable, CustomStringConvertible {
    package enum Failure: Error, Equatable, Sendable {
        /// Not `name op value`.
        case malformed(String)
        /// The regular expression uses more than alternatives, `.`, `.*` and `.+`.
        case unsupportedPattern(String)
    }

    package let name: String
    /// One of `=`, `!=`, `=~`, `!~`.
    package let comparison: String
    package let value: String
    private let pattern: Pattern?

    /// - Throws: `Failure` with what was given.
    package init(_ text: String) throws(Failure) {
        let scalars = Array(text.unicodeScalars)
        guard let start = scalars.firstIndex(where: { $0 == "=" || $0 == "!" }) else { throw .malformed(text) }
        let name = Self.trimmed(scalars[..<start])
        let next = start + 1 < scalars.count ? scalars[start + 1] : " "
        let comparison: String
        switch (scalars[start], next) {
        case ("=", "~"): comparison = "=~"
        case ("!", "~"): comparison = "!~"
        case ("!", "="): comparison = "!="
        case ("=", _): comparison = "="
        default: throw .malformed(text)
        }
        let rest = Self.trimmed(scalars[(start + comparison.unicodeScalars.count)...])
        guard let value = Self.unquoted(rest), !name.isEmpty, !name.contains(where: { " {}\",".contains($0) }) else {
            throw .malformed(text)
        }
        self.name = name
        self.comparison = comparison
        self.value = value
        if comparison.hasSuffix("~") {
            guard let pattern = Pattern(value) else { throw .unsupportedPattern(value) }
            self.pattern = pattern
        } else {
            pattern = nil
        }
    }

    /// A label that is not there counts as empty.
    package func matches(_ labels: Labels) -> Bool {
        let held = labels[name]
        let equal = pattern?.matches(held) ?? (held == value)
        return comparison.hasPrefix("!") ? !equal : equal
    }

    package var description: String { "\(name)\(comparison)\"\(value)\"" }

    private static func trimmed(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var slice = scalars.drop { $0 == " " || $0 == "\t" }
        while let last = slice.last, last == " " || last == "\t" { slice.removeLast() }
        return String(String.UnicodeScalarView(slice))
    }

    /// The value without its quotes; nil when they are unfinished, or bare text holds what needs them.
    private static func unquoted(_ text: String) -> String? {
        guard text.first == "\"" else {
            return text.isEmpty || text.contains(where: { " {}!=~,\\\"'`".contains($0) }) ? nil : text
        }
        guard text.count >= 2, text.last == "\"" else { return nil }
        var result = ""
        var escaped = false
        for character in text.dropFirst().dropLast() {
            if escaped {
                guard let plain = ["n": "\n", "\"": "\"", "\\": "\\"][character] ?? (character == "." ? "\\." : nil)
                else { return nil }
                result += plain
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else if character == "\"" {
                return nil
            } else {
                result.append(character)
            }
        }
        return escaped ? nil : result
    }
}
