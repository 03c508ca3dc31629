import CLibpq
import Glibc

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
        return try ask(statement, session)
    }

    /// As `run`, and gives the login to hold on to for the statements that belong together.
    func begin(_ statement: Statement) throws -> UInt64 {
        let session = try readySession()
        _ = try ask(statement, session)
        return logins
    }

    /// Asks in the login that `begin` gave.
    ///
    /// - Throws: `StoreError.connectionLost` when that one is gone.
    func run(_ statement: Statement, login: UInt64) throws -> QueryResult {
        guard let session, logins == login else {
            throw StoreError(.connectionLost, "the connection of this transaction was lost")
        }
        return try ask(statement, session)
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

    private func ask(_ statement: Statement, _ session: ServerSession) throws -> QueryResult {
        let started = ContinuousClock.now
        defer { hooks.queryFinished(ContinuousClock.now - started) }
        do {
            try send(statement, session)
            return try receive(statement, session, deadline: started + settings.answerTimeout)
        } catch let error as StoreError {
            // After a lost connection or a missing answer nobody knows what this login would say next.
            if PQstatus(session.pointer) != CONNECTION_OK || error.isConnectionTrouble && error.sqlState == nil {
                self.session = nil
            }
            throw error
        }
    }

    private func send(_ statement: Statement, _ session: ServerSession) throws(StoreError) {
        let sent: Int32
        switch statement.kind {
        case .script:
            sent = PQsendQuery(session.pointer, statement.sql)
        case .bound(let values):
            let texts = values.map { $0.flatMap { strdup($0) } }
            defer { for text in texts { free(text) } }
            sent = PQsendQueryParams(
                session.pointer, statement.sql, Int32(values.count), nil, texts.map { UnsafePointer($0) }, nil, nil, 0)
        }
        guard sent == 1 else { throw StoreError(.connectionLost, session.lastMessage) }
    }

    /// Waits for all of the answer, looking every 50 ms whether the asking task was cancelled.
    private func receive(_ statement: Statement, _ session: ServerSession, deadline: ContinuousClock.Instant) throws
        -> QueryResult
    {
        var answer = QueryResult(rows: [], affected: 0, tag: "")
        var refusal: StoreError?
        var cancelRequested = false
        while true {
            while PQisBusy(session.pointer) == 1 {
                if !cancelRequested, statement.cancellation?.isSet == true {
                    cancelRequested = true
                    session.requestCancel()
                }
                guard ContinuousClock.now < deadline else {
                    session.requestCancel()
                    throw StoreError(.timedOut, "no answer within \(settings.answerTimeout)")
                }
                var entry = pollfd(fd: PQsocket(session.pointer), events: Int16(POLLIN), revents: 0)
                _ = poll(&entry, 1, 50)
                if entry.revents != 0, PQconsumeInput(session.pointer) == 0 {
                    throw StoreError(.connectionLost, session.lastMessage)
                }
            }
            guard let result = PQgetResult(session.pointer) else { break }
            defer { PQclear(result) }
            do { answer = try ResultReader(result, isScript: statement.isScript).read() } catch {
                refusal = refusal ?? error
            }
        }
        guard let refusal else { return answer }
        if cancelRequested, refusal.sqlState == "57014" { throw CancellationError() }
        if PQstatus(session.pointer) != CONNECTION_OK, !refusal.isConnectionTrouble {
            throw StoreError(.connectionLost, refusal.message, sqlState: refusal.sqlState)
        }
        throw refusal
    }
}

extension Statement {
    fileprivate var isScript: Bool {
        switch kind {
        case .script: true
        case .bound: false
        }
    }
}
