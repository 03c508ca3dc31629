import CLibpq
import Glibc

/// How one login is asked, and answers.
extension ServerSession {
    /// Asks one statement, or several in one round trip: the server runs them in order, and none after one that fails.
    ///
    /// - Returns: an answer for each.
    /// - Throws: `StoreError`, or `CancellationError` when an asking task was cancelled while the server worked.
    func ask(_ statements: [Statement], within limit: Duration) throws -> [QueryResult] {
        var wait = AnswerWait(statements: statements, limit: limit)
        defer {
            // A request that is still on its way could hit the next statement.
            if wait.cancelRequest?.isOver == false { isGivenUp = true }
        }
        let isPipelined = statements.count > 1
        guard !isPipelined || PQenterPipelineMode(pointer) == 1 else { throw lost }
        for statement in statements { try send(statement) }
        guard !isPipelined || PQpipelineSync(pointer) == 1 else { throw lost }
        var answers: [QueryResult] = []
        var refusal: StoreError?
        for statement in statements {
            do throws(StoreError) {
                answers.append(try answer(to: statement, &wait))
            } catch {
                if isGivenUp { throw CancellationError() }
                guard error.sqlState != nil else { throw error }
                refusal = refusal ?? error
            }
        }
        if isPipelined { try endPipeline(&wait) }
        guard let refusal else { return answers }
        if wait.cancelledAt != nil, refusal.sqlState == "57014" { throw CancellationError() }
        if PQstatus(pointer) != CONNECTION_OK, !refusal.isConnectionTrouble {
            throw StoreError(.connectionLost, refusal.message, sqlState: refusal.sqlState)
        }
        throw refusal
    }

    private var lost: StoreError { StoreError(.connectionLost, lastMessage) }

    private func send(_ statement: Statement) throws(StoreError) {
        let sent: Int32
        switch statement.kind {
        case .script:
            sent = PQsendQuery(pointer, statement.sql)
        case .bound(let values):
            let texts = values.map { $0.flatMap { strdup($0) } }
            defer { for text in texts { free(text) } }
            sent = PQsendQueryParams(
                pointer, statement.sql, Int32(values.count), nil, texts.map { UnsafePointer($0) }, nil, nil, 0)
        }
        guard sent == 1 else { throw lost }
    }

    /// All that the server says to one statement; one that was passed over after an earlier failure has an empty answer.
    private func answer(to statement: Statement, _ wait: inout AnswerWait) throws(StoreError) -> QueryResult {
        var answer = QueryResult(rows: [], affected: 0, tag: "")
        var refusal: StoreError?
        while let result = try nextResult(&wait) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_PIPELINE_ABORTED { continue }
            do { answer = try ResultReader(result, isScript: statement.isScript).read() } catch {
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return answer
    }

    private func endPipeline(_ wait: inout AnswerWait) throws(StoreError) {
        guard let result = try nextResult(&wait) else { throw lost }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_PIPELINE_SYNC, PQexitPipelineMode(pointer) == 1 else { throw lost }
    }

    /// How long after a cancellation the server's answer to it is waited for. Without one the login is given up: a server that
    /// hangs must not hold those up who wait no longer.
    private static let cancelPatience = Duration.milliseconds(500)

    /// The next piece of the answer, nil at its end; looks every 50 ms whether an asking task was cancelled.
    private func nextResult(_ wait: inout AnswerWait) throws(StoreError) -> OpaquePointer? {
        while PQisBusy(pointer) == 1 {
            if wait.isToCancel() { wait.cancelRequest = requestCancel() }
            if let cancelled = wait.cancelledAt, ContinuousClock.now - cancelled > Self.cancelPatience {
                isGivenUp = true
                throw StoreError(.timedOut, "cancelled, and the server did not answer to it")
            }
            guard ContinuousClock.now < wait.deadline else {
                wait.cancelRequest = requestCancel()
                throw StoreError(.timedOut, "no answer within \(wait.limit)")
            }
            var entry = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, 50)
            if entry.revents != 0, PQconsumeInput(pointer) == 0 { throw lost }
        }
        return PQgetResult(pointer)
    }
}

/// Until when an answer is waited for, and by whom.
private struct AnswerWait {
    let limit: Duration
    let deadline: ContinuousClock.Instant
    private let cancellations: [CancellationFlag]
    /// When the first of those who asked was seen to be cancelled.
    private(set) var cancelledAt: ContinuousClock.Instant?
    var cancelRequest: CancelRequest?

    init(statements: [Statement], limit: Duration) {
        self.limit = limit
        deadline = .now + limit
        cancellations = statements.compactMap(\.cancellation)
    }

    /// True once, after the first of those who asked was cancelled.
    mutating func isToCancel() -> Bool {
        guard cancelledAt == nil, cancellations.contains(where: \.isSet) else { return false }
        cancelledAt = .now
        return true
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
