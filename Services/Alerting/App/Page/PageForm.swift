import Foundation

/// The fields of a form or of a query, as a browser writes them.
struct PageForm: Sendable {
    private let values: [String: [String]]

    /// From `application/x-www-form-urlencoded`; what is malformed is taken as it stands.
    init(_ text: String) {
        var values: [String: [String]] = [:]
        for pair in text.split(separator: "&").prefix(200) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(parts[0])
            values[name, default: []].append(parts.count == 2 ? Self.decoded(parts[1]) : "")
        }
        self.values = values
    }

    /// The first value without spaces around it; empty when there is none.
    subscript(name: String) -> String {
        let value = values[name]?.first ?? ""
        guard let first = value.firstIndex(where: { !$0.isWhitespace }),
            let last = value.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(value[first...last])
    }

    /// All values of a name, as they were given.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    private static func decoded(_ text: some StringProtocol) -> String {
        let spaced = String(text).replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }
}
