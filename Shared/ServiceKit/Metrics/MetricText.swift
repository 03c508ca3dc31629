/// The small print of the Prometheus text format.
enum MetricText {
    /// A legal metric name and legal label names; `le`, `quantile` and names that begin with two underscores are reserved.
    static func isValid(_ name: String, _ labels: [String: String]) -> Bool {
        isName(name, colons: true)
            && labels.keys.allSatisfy {
                isName($0, colons: false) && !["le", "quantile"].contains($0) && !$0.hasPrefix("__")
            }
    }

    private static func isName(_ name: String, colons: Bool) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 65...90, 97...122, 48...57, UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): colons
            default: false
            }
        }
    }

    /// `a="1",b="2"`, by name, values escaped and cut at 200 characters.
    static func labels(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escapedValue($0.value))\"" }.joined(separator: ",")
    }

    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func escapedHelp(_ text: String) -> String { escape(text, quotes: false) }

    private static func escapedValue(_ text: String) -> String { escape(String(text.prefix(200)), quotes: true) }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whole numbers without a point, infinities and NaN as Prometheus writes them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(.towardZero), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
