import Foundation
import Logging
import ServiceKit
import Store

/// The right of this host to run an account: a row with an expiry and a fencing token, and a lock on the account's folder.
///
/// The folder's identity is the holder, so that the same host takes its account back at once after a crash: the lock on the
/// folder proves that the process before is gone.
actor AccountLease {
    private let books: AccountBooks
    private let leases: Leases
    private let logger: Logger
    private let holder: String
    private let descriptor: Int32
    private static let time = Duration.seconds(10)

    /// Another process works in this folder.
    struct FolderInUse: Error, CustomStringConvertible {
        let folder: String
        var description: String { "another process runs the account in \(folder)" }
    }

    /// - Parameter folder: of the account; exists.
    /// - Throws: `FolderInUse`.
    init(books: AccountBooks, folder: URL, logger: Logger) throws {
        self.books = books
        self.logger = logger
        leases = Leases(database: books.database)
        let lock = folder.appending(path: "lock")
        descriptor = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw FolderInUse(folder: folder.path)
        }
        let file = folder.appending(path: "identity")
        let known =
            FileManager.default.fileExists(atPath: file.path) ? try String(contentsOf: file, encoding: .utf8) : ""
        if !known.isEmpty {
            holder = known
        } else {
            holder = "execution-\(UUID().uuidString)"
            try holder.write(to: file, atomically: true, encoding: .utf8)
        }
    }

    /// Takes the lease, and keeps it until the task is cancelled.
    func run() async {
        var isFirst = true
        while !Task.isCancelled {
            do {
                if let lease = books.lease {
                    books.lease = try await leases.renew(lease, for: Self.time)
                } else {
                    if isFirst { try await dismissPredecessor() }
                    books.lease = try await leases.acquire(name, holder: holder, for: Self.time)
                    books.isElsewhere = books.lease == nil
                    isFirst = books.lease == nil && isFirst
                }
            } catch let error as StoreError where error.code == .leaseLost {
                books.lease = nil
                logger.error("the account is another host's now", metadata: ["error": "\(error)"])
            } catch {
                logger.debug("the lease could not be renewed", metadata: ["error": "\(error)"])
                // After a start without the database nobody has the account: what the journal tells of is ours to guard.
                if books.lease == nil, (error as? StoreError)?.isConnectionTrouble == true { books.isReachable = false }
            }
            await Task.pause(for: books.lease == nil ? .milliseconds(200) : .seconds(2))
        }
    }

    /// Gives the account back, for the next host.
    func release() async {
        if let lease = books.lease {
            books.lease = nil
            do { try await leases.release(lease) } catch {
                logger.debug("the lease runs out by itself", metadata: ["error": "\(error)"])
            }
        }
        close(descriptor)
    }

    private var name: String { "execution/\(books.account)" }

    /// Ends the lease that a process before us in this folder left behind: we hold the folder's lock, so it is gone.
    private func dismissPredecessor() async throws {
        try await books.database.execute(
            "UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2", [name, holder])
    }
}
