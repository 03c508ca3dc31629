/// The right to be the only one who does something, until it runs out.
package struct Lease: Sendable, Equatable {
    package let name: String
    package let holder: String
    /// Grows with each change of hands; what is written under the lease carries it.
    package let token: Int64
    /// By the monotonic clock of this process, counted from before the question, so never later than the database's.
    package let validUntil: ContinuousClock.Instant

    /// Whether it may still be relied on.
    package func isValid(at now: ContinuousClock.Instant = .now) -> Bool { now < validUntil }
}

/// Takes, renews and gives back leases.
package struct Leases: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Takes the lease when nobody holds it, or its holder's time has run out.
    ///
    /// - Parameter holder: unique to this process, not only to this host.
    /// - Returns: nil while somebody else holds it.
    package func acquire(_ name: String, holder: String, for time: Duration) async throws -> Lease? {
        let started = ContinuousClock.now
        let rows = try await database.query(
            """
            INSERT INTO leases (name, holder, token, expires_at)
            VALUES ($1, $2, 1, clock_timestamp() + $3::interval)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = leases.token + 1,
                expires_at = clock_timestamp() + $3::interval
            WHERE leases.expires_at <= clock_timestamp()
            RETURNING token
            """, [name, holder, time])
        return try rows.first.map { row in
            Lease(name: name, holder: holder, token: try row.int64("token"), validUntil: started + time)
        }
    }

    /// Extends a lease that is still held, with the same token.
    ///
    /// - Throws: `StoreError.leaseLost` when it ran out or went to somebody else.
    package func renew(_ lease: Lease, for time: Duration) async throws -> Lease {
        let started = ContinuousClock.now
        let changed = try await database.execute(
            """
            UPDATE leases SET expires_at = clock_timestamp() + $4::interval
            WHERE name = $1 AND holder = $2 AND token = $3 AND expires_at > clock_timestamp()
            """, [lease.name, lease.holder, lease.token, time])
        guard changed == 1 else { throw StoreError(.leaseLost, "lease \(lease.name) is no longer ours") }
        return Lease(name: lease.name, holder: lease.holder, token: lease.token, validUntil: started + time)
    }

    /// Gives the lease back, so that the next one need not wait for it to run out. The token is kept.
    package func release(_ lease: Lease) async throws {
        try await database.execute(
            "UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2 AND token = $3",
            [lease.name, lease.holder, lease.token])
    }

    /// Waits for the lease, keeps it while `body` runs, gives it back after.
    ///
    /// `body` is cancelled when the lease is lost.
    ///
    /// - Throws: `StoreError.leaseLost`, or what `body` throws.
    package func hold<Answer: Sendable>(
        _ name: String, holder: String, for time: Duration, _ body: @escaping @Sendable (Lease) async throws -> Answer
    ) async throws -> Answer {
        let lease = try await wait(name, holder: holder, for: time)
        let outcome: Result<Answer, any Error>
        do {
            outcome = .success(
                try await withThrowingTaskGroup(of: Answer.self) { group in
                    group.addTask { try await body(lease) }
                    group.addTask { try await keep(lease, for: time) }
                    defer { group.cancelAll() }
                    guard let answer = try await group.next() else { throw CancellationError() }
                    return answer
                })
        } catch { outcome = .failure(error) }
        // Of use to the next one only; the lease runs out by itself when this fails.
        _ = await Task { try? await release(lease) }.value
        return try outcome.get()
    }

    private func wait(_ name: String, holder: String, for time: Duration) async throws -> Lease {
        while true {
            do {
                if let lease = try await acquire(name, holder: holder, for: time) { return lease }
            } catch let error as StoreError where error.isConnectionTrouble {}
            try await Task.sleep(for: time / 4)
        }
    }

    private func keep<Never: Sendable>(_ lease: Lease, for time: Duration) async throws -> Never {
        var lease = lease
        while true {
            try await Task.sleep(for: time / 3)
            do {
                lease = try await renew(lease, for: time)
            } catch let error as StoreError where error.isConnectionTrouble && lease.isValid() {
                continue
            }
        }
    }
}

extension Transaction {
    /// Checks inside the transaction that `lease` is still ours, and holds it until the end.
    ///
    /// - Throws: `StoreError.leaseLost`.
    package func require(_ lease: Lease) async throws {
        let rows = try await query(
            "SELECT 1 FROM leases WHERE name = $1 AND token = $2 AND expires_at > clock_timestamp() FOR SHARE",
            [lease.name, lease.token])
        guard !rows.isEmpty else { throw StoreError(.leaseLost, "lease \(lease.name) is no longer ours") }
    }
}
