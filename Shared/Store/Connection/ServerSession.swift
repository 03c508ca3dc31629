import CLibpq
import Foundation
import Glibc
import Synchronization

/// One login at the server, closed with its last reference.
///
/// Used only on the thread of the connection that owns it, which is what makes it safe to pass about.
final class ServerSession: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Nobody waits for its answer any more: it is closed without one.
    var isGivenUp = false

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit {
        // A server that does not read must not hold up the goodbye.
        if isGivenUp { _ = shutdown(PQsocket(pointer), Int32(SHUT_RDWR)) }
        PQfinish(pointer)
    }

    /// Connects and logs in; blocks up to the connect timeout.
    ///
    /// - Throws: `StoreError.cannotConnect`.
    static func open(_ settings: DatabaseSettings) throws(StoreError) -> ServerSession {
        let seconds = max(2, settings.connectTimeout.components.seconds)
        let options: [(String, String)] = [
            ("host", settings.host), ("port", String(settings.port)), ("dbname", settings.database),
            ("user", settings.user), ("password", settings.password), ("connect_timeout", String(seconds)),
            ("application_name", settings.applicationName), ("client_encoding", "UTF8"), ("gssencmode", "disable"),
            ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"),
        ]
        let keys = options.map { strdup($0.0) }
        let values = options.map { strdup($0.1) }
        defer { for text in keys + values { free(text) } }
        let keyPointers = keys.map { UnsafePointer($0) } + [nil]
        let valuePointers = values.map { UnsafePointer($0) } + [nil]
        guard let pointer = PQconnectdbParams(keyPointers, valuePointers, 0) else {
            throw StoreError(.cannotConnect, "out of memory")
        }
        let session = ServerSession(pointer)
        // Notices would go to stderr, past the log.
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        guard PQstatus(pointer) == CONNECTION_OK else {
            throw StoreError(.cannotConnect, "\(settings): \(session.lastMessage)")
        }
        return session
    }

    /// What libpq says of the connection, on one line. It names hosts and users, never a password or a bound value.
    var lastMessage: String {
        guard let text = PQerrorMessage(pointer) else { return "no reason given" }
        return String(cString: text).split(separator: "\n").joined(separator: "; ")
    }

    /// The server, or the network, hung up while nothing was asked.
    var hasHungUp: Bool {
        guard PQstatus(pointer) == CONNECTION_OK else { return true }
        var entry = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return false }
        return PQconsumeInput(pointer) == 0 || PQstatus(pointer) != CONNECTION_OK
    }

    /// Asks the server to give up what it is doing; the statement then ends with SQLSTATE 57014.
    ///
    /// libpq waits for the server without a limit, so a thread of its own does: this returns at once.
    ///
    /// - Returns: nil when so many wait already that the server does not listen: nothing is asked.
    func requestCancel() -> CancelRequest? { CancelRequest(pointer) }
}

/// One request to cancel, on a thread of its own until the server has taken it.
final class CancelRequest: @unchecked Sendable {
    // Safe to pass on: libpq's copy is read by one thread only, and freed after it.
    private let pointer: OpaquePointer
    private let over = Atomic(false)

    private static let waitingMax = 8
    private static let waiting = Atomic(0)

    fileprivate init?(_ session: OpaquePointer) {
        guard let pointer = PQgetCancel(session) else { return nil }
        self.pointer = pointer
        guard Self.waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.waitingMax else {
            Self.waiting.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        let thread = Thread { [self] in send() }
        thread.name = "postgres-cancel"
        thread.stackSize = 1 << 18
        thread.start()
    }

    deinit { PQfreeCancel(pointer) }

    /// The server has taken it: it cannot hit a later statement any more.
    var isOver: Bool { over.load(ordering: .acquiring) }

    private func send() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(pointer, buffer.baseAddress, 256)
        }
        over.store(true, ordering: .releasing)
        Self.waiting.wrappingSubtract(1, ordering: .relaxed)
    }
}
