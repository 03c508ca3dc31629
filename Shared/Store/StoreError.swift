/// Why the database did not do what was asked.
///
/// Its description names tables, columns and constraints, never a value that was bound and never a password.
package struct StoreError: Error, Sendable {
    /// What kind of trouble it is.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Hashable, Sendable {
            case cannotConnect = "cannot_connect"
            case connectionLost = "connection_lost"
            case commitInDoubt = "commit_in_doubt"
            case timedOut = "timed_out"
            case poolExhausted = "pool_exhausted"
            case closed
            case serialization
            case lockTimeout = "lock_timeout"
            case uniqueViolation = "unique_violation"
            case constraintViolation = "constraint_violation"
            case notPermitted = "not_permitted"
            case invalidValue = "invalid_value"
            case statement
            case unexpectedResult = "unexpected_result"
            case leaseLost = "lease_lost"
            case schema
            case migration
        }
        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// A stable name, fit for a metric label.
        package var description: String { kind.rawValue }

        /// The server could not be reached, or refused the login.
        package static let cannotConnect = Code(.cannotConnect)
        /// The connection broke; what was asked in an open transaction is undone.
        package static let connectionLost = Code(.connectionLost)
        /// The connection broke while a commit was under way: it may or may not have happened.
        package static let commitInDoubt = Code(.commitInDoubt)
        /// A statement took longer than its limit.
        package static let timedOut = Code(.timedOut)
        /// No connection of the pool became free within the limit.
        package static let poolExhausted = Code(.poolExhausted)
        /// The transaction or the database is closed already.
        package static let closed = Code(.closed)
        /// Transactions got in each other's way: the same again may well succeed.
        package static let serialization = Code(.serialization)
        /// A lock was not granted in time.
        package static let lockTimeout = Code(.lockTimeout)
        /// A row with this key is there already.
        package static let uniqueViolation = Code(.uniqueViolation)
        /// A check, foreign key, not-null or row-security rule says no.
        package static let constraintViolation = Code(.constraintViolation)
        /// The role may not do this.
        package static let notPermitted = Code(.notPermitted)
        /// A value is not of the column's type.
        package static let invalidValue = Code(.invalidValue)
        /// Any other refusal by the server.
        package static let statement = Code(.statement)
        /// The answer has another shape than the code expects; `column` says where.
        package static let unexpectedResult = Code(.unexpectedResult)
        /// Somebody else holds the lease now.
        package static let leaseLost = Code(.leaseLost)
        /// The schema is not the one this release works with.
        package static let schema = Code(.schema)
        /// A migration cannot be applied.
        package static let migration = Code(.migration)
    }

    package let code: Code
    /// In words, safe to log.
    package let message: String
    /// The five characters PostgreSQL gave, where it did.
    package let sqlState: String?
    package let file: String
    package let line: Int

    package init(
        _ code: Code, _ message: String, sqlState: String? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.file = file
        self.line = line
    }

    /// The database is away: the request may be fine, try it again when it is back.
    package var isConnectionTrouble: Bool {
        // A statement that the server itself stopped for its length says nothing of the connection.
        if code == .timedOut { return sqlState == nil }
        return [.cannotConnect, .connectionLost, .commitInDoubt, .poolExhausted].contains(code)
    }

    /// The same again may succeed without anything being changed.
    package var isRetryable: Bool { isConnectionTrouble || code == .serialization || code == .lockTimeout }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        let state = sqlState.map { ", SQLSTATE \($0)" } ?? ""
        return "\(code): \(message)\(state)"
    }
}

extension StoreError {
    /// What a server's refusal means. The server's own words are kept only for classes that cannot quote a value.
    static func refusal(sqlState: String, message: String, relation: String, constraint: String, column: String)
        -> StoreError
    {
        let code = code(forState: sqlState)
        var words =
            switch sqlState.prefix(2) {
            case "22", "P0", "XX", "": "the server refused a value or failed inside"
            default: message
            }
        for (name, value) in [("table", relation), ("column", column), ("constraint", constraint)] where !value.isEmpty
        {
            if !words.contains(value) { words += " (\(name) \(value))" }
        }
        return StoreError(code, words, sqlState: sqlState)
    }

    private static func code(forState state: String) -> Code {
        switch state {
        case "40001", "40P01": .serialization
        case "55P03": .lockTimeout
        case "57014", "25P03": .timedOut
        case "23505": .uniqueViolation
        case "42501": .notPermitted
        case "57P01", "57P02", "57P03", "57P05", "25P04": .connectionLost
        case "53300": .cannotConnect
        default:
            switch state.prefix(2) {
            case "08": .connectionLost
            case "28": .cannotConnect
            case "23", "44": .constraintViolation
            case "22": .invalidValue
            default: .statement
            }
        }
    }
}
