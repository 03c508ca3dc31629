import Foundation

/// A regular expression of ICU, which reads the whole tree in a fraction of the time that Swift's own takes in a debug build.
struct Pattern: Sendable, ExpressibleByStringLiteral {
    private let expression: NSRegularExpression

    init(stringLiteral text: StaticString) {
        do {
            expression = try NSRegularExpression(pattern: "\(text)", options: .anchorsMatchLines)
        } catch {
            preconditionFailure("\(text) is no regular expression: \(error)")
        }
    }

    /// Whether it is found anywhere.
    func isIn(_ text: String) -> Bool {
        expression.firstMatch(in: text, range: NSRange(location: 0, length: text.utf16.count)) != nil
    }

    /// The first match, and after it what its groups hold.
    func firstMatch(in text: String) -> [String]? {
        let range = NSRange(location: 0, length: text.utf16.count)
        guard let match = expression.firstMatch(in: text, range: range) else { return nil }
        return (0..<match.numberOfRanges).map { group in
            Range(match.range(at: group), in: text).map { String(text[$0]) } ?? ""
        }
    }

    /// The lines that match, counted from 0, with the first match of each. The lines are looked at one by one only when
    /// the whole has a match.
    func lines(of whole: String, _ lines: [String]) -> [(index: Int, groups: [String])] {
        guard isIn(whole) else { return [] }
        return lines.enumerated().compactMap { index, line in
            line.utf8.count > 3 ? firstMatch(in: line).map { (index, $0) } : nil
        }
    }
}
