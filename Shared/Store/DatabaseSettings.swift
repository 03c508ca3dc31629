/// Where the database is, who asks, and how much of it may be used.
package struct DatabaseSettings: Sendable {
    package var host: String
    package var port: Int
    package var database: String
    /// The role, which is the service's name.
    package var user: String
    package var password: String
    /// Connections held open at most.
    package var poolSize: Int
    /// How long a caller waits for a free connection.
    package var waitLimit: Duration
    /// How many callers may wait at once.
    package var waitersMax: Int
    package var connectTimeout: Duration
    /// How long an answer may take before the connection is given up. The role's own `statement_timeout` is shorter.
    package var answerTimeout: Duration
    /// Shown by `pg_stat_activity`.
    package var applicationName: String

    package init(
        host: String, port: Int, database: String, user: String, password: String, poolSize: Int = 4,
        waitLimit: Duration = .seconds(5), waitersMax: Int = 1000, connectTimeout: Duration = .seconds(5),
        answerTimeout: Duration = .seconds(20), applicationName: String = "plimsoll"
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.poolSize = max(1, poolSize)
        self.waitLimit = waitLimit
        self.waitersMax = waitersMax
        self.connectTimeout = connectTimeout
        self.answerTimeout = answerTimeout
        self.applicationName = applicationName
    }
}

extension DatabaseSettings: CustomStringConvertible {
    /// Without the password.
    package var description: String { "\(user)@\(host):\(port)/\(database)" }
}

extension DatabaseSettings: CustomReflectable {
    /// Without the password, for `dump` and debuggers.
    package var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
