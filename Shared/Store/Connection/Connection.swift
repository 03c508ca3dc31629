import CLibpq

/// One connection to the server on a thread of its own. It logs in when first asked, and again after it broke.
actor Connection {
    private let settings: DatabaseSettings
    private let hooks: StoreHooks
    private let thread: ConnectionThread
    private var session: ServerSession?
    /// Counts logins, so that a transaction notices that its own is gone.
    private var logins: UInt64 = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(settings: DatabaseSettings, hooks: StoreHooks, number: Int) {
        self.settings = settings
        self.hooks = hooks
        self.thread = ConnectionThread(name: "postgres-\(number)")
    }

    /// Asks with a fresh login if need be.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task was cancelled while the server worked.
    func run(_ statement: Statement) throws -> QueryResult {
        let session = try readySession()
        guard let answer = try ask([statement], session).last else {
            throw StoreError(.unexpectedResult, "no answer to a statement")
        }
        return answer
    }

    /// Begins a transaction with its first statements, in one round trip.
    ///
    /// - Returns: the login to hold on to for what belongs to it, and an answer to each statement.
    /// - Throws: as `run`; nothing is begun then.
    func begin(_ statements: [Statement]) throws -> (login: UInt64, answers: [QueryResult]) {
        let session = try readySession()
        do {
            let answers = try ask([.begin] + statements, session)
            return (logins, Array(answers.dropFirst()))
        } catch {
            rollBack()
            throw error
        }
    }

    /// Asks in the login that `begin` gave, all in one round trip.
    ///
    /// - Throws: `StoreError.connectionLost` when that one is gone.
    func run(_ statements: [Statement], login: UInt64) throws -> [QueryResult] {
        guard let session, logins == login else {
            throw StoreError(.connectionLost, "the connection of this transaction was lost")
        }
        return try ask(statements, session)
    }

    /// Undoes what was begun; a connection that cannot even do that is hung up, which does it too.
    private func rollBack() {
        guard let session else { return }
        do { _ = try ask([.rollback], session) } catch { self.session = nil }
    }

    /// The SCRAM verifier of a password, computed here: the password itself is never sent.
    func verifier(password: String, user: String) throws -> String {
        let session = try readySession()
        guard let text = PQencryptPasswordConn(session.pointer, password, user, "scram-sha-256") else {
            throw StoreError(.migration, "no verifier could be made for role \(user)")
        }
        defer { PQfreemem(text) }
        return String(cString: text)
    }

    /// Hangs up.
    func close() { session = nil }

    private func readySession() throws(StoreError) -> ServerSession {
        if let session, !session.hasHungUp { return session }
        session = nil
        let opened = try ServerSession.open(settings)
        session = opened
        logins += 1
        return opened
    }

    private func ask(_ statements: [Statement], _ session: ServerSession) throws -> [QueryResult] {
        let started = ContinuousClock.now
        defer {
            hooks.queryFinished(ContinuousClock.now - started)
            if session.isGivenUp { self.session = nil }
        }
        do {
            return try session.ask(statements, within: settings.answerTimeout)
        } catch let error as StoreError {
            // After a lost connection or a missing answer nobody knows what this login would say next.
            if PQstatus(session.pointer) != CONNECTION_OK || error.isConnectionTrouble && error.sqlState == nil {
                session.isGivenUp = true
            }
            throw error
        }
    }
}
