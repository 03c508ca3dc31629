import Logging
import ServiceKit
import ServiceLifecycle
import Store

/// Takes part in the choice of the one instance that notifies, by a lease in the database.
///
/// An instance is known by its host and its spool folder, which one process has at a time: what it finds held under its
/// own name is its own earlier run's, and that one is dead.
struct Leadership: Service {
    private static let name = "alerting"
    private static let length = Duration.seconds(5)

    let database: Database
    let holder: String
    let journal: Journal
    let desk: AlertDesk
    let logger: Logger

    func run() async throws {
        let leases = Leases(database: database)
        var inherits = true
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if journal.isDirect {
                    if inherits { try await inherit() }
                    inherits = false
                    if let lease = try await leases.acquire(Self.name, holder: holder, for: Self.length) {
                        try await lead(lease, leases)
                    }
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                // The database's trouble or the disk's: both pass, and until then others may lead.
                logger.warning("cannot lead", metadata: ["error": "\(error)"])
            }
            await pause(.milliseconds(journal.isDirect ? 500 : 50))
        }
    }

    /// Ends what an earlier run of this instance still holds.
    private func inherit() async throws {
        try await database.execute(
            "UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2", [Self.name, holder])
    }

    private func lead(_ lease: Lease, _ leases: Leases) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // To read the books may take longer than a lease lasts.
                group.addTask { try await keep(lease, leases) }
                try await desk.lead(lease)
                try await group.waitForAll()
            }
        } catch {
            await desk.follow()
            // Of use to the next one only; the lease runs out by itself when this fails.
            try? await leases.release(lease)
            throw error
        }
        await desk.follow()
        try await leases.release(lease)
    }

    /// Renews the lease until it is lost or the program ends.
    private func keep(_ lease: Lease, _ leases: Leases) async throws {
        var lease = lease
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await pause(Self.length / 4)
            do {
                lease = try await leases.renew(lease, for: Self.length)
                await desk.renewed(lease)
            } catch let error as StoreError where error.isConnectionTrouble && lease.isValid() {
                continue
            }
        }
    }

    private func pause(_ time: Duration) async {
        // Woken early when the program ends.
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: time) }
    }
}
