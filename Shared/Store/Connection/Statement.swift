import Synchronization

/// What is asked of a connection.
struct Statement: Sendable {
    enum Kind: Sendable {
        /// One statement with bound values.
        case bound([String?])
        /// Several statements without values, such as a migration, asked alone; the server's messages are kept whole.
        case script
    }
    let sql: String
    let kind: Kind
    /// Set from another thread when the asking task is cancelled; nil for what must not be interrupted.
    let cancellation: CancellationFlag?

    static let begin = Statement(sql: "BEGIN", kind: .bound([]), cancellation: nil)
    static let commit = Statement(sql: "COMMIT", kind: .bound([]), cancellation: nil)
    static let rollback = Statement(sql: "ROLLBACK", kind: .bound([]), cancellation: nil)
}

/// Set once, by whoever cancels.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)
    func set() { flag.store(true, ordering: .releasing) }
    var isSet: Bool { flag.load(ordering: .acquiring) }
}

/// The answer to a statement.
package struct QueryResult: Sendable {
    package let rows: [Row]
    /// Rows inserted, changed or deleted.
    package let affected: Int
    /// What the server did, such as `COMMIT`; it answers a COMMIT of a failed transaction with `ROLLBACK`.
    package let tag: String
}
