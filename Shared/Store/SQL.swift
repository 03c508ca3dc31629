/// A statement written in the source: it cannot be put together from values, so values are always bound.
package struct SQL: Sendable, Hashable, ExpressibleByStringLiteral {
    package let text: String

    package init(stringLiteral value: String) { text = value }

    private init(text: String) { self.text = text }

    /// Joins two statements' parts, such as a shared list of columns and a condition.
    package static func + (left: SQL, right: SQL) -> SQL { SQL(text: left.text + right.text) }
}
