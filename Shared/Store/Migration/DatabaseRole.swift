/// Who connects: each service has a role of its own, named as it is.
package enum DatabaseRole: String, Sendable, CaseIterable {
    case marketData = "market_data"
    case strategy
    case riskManager = "risk_manager"
    case execution
    case alerting
    case `operator`

    /// The file under the folder of secrets that holds its password.
    package var passwordFile: String { "postgres-\(rawValue)" }

    /// What every session of the role begins with. PgBouncer keeps sessions, so these are set on the role.
    ///
    /// An idle transaction would hold every reader of `events` back.
    static let sessionSettings: [(name: String, value: String)] = [
        ("statement_timeout", "10s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s"),
        ("timezone", "UTC"), ("default_transaction_isolation", "read committed"),
    ]
}
