import Domain
import ExecutionCore
import Store

/// What the desks did while the database was away. A repeat changes nothing.
extension AccountBooks {
    /// Books that a protective order was sent as a market order, and its partners given up.
    func fired(_ id: String, _ partners: [String], window: Duration) async throws {
        if try await claimExits([id], firing: partners, window: window) { return }
        // It had been claimed to wait at the venue, which did not have it.
        _ = try await claimExits([id], firing: partners, window: window, again: true)
    }

    /// Books the protective orders that were made for what is held.
    func guarded(_ known: ExitJournal.Snapshot) async throws {
        let made = known.exits.filter {
            !known.atVenue.contains($0.id) && (known.versions?[$0.id] ?? known.version) == known.version
        }
        let ids = Query("SELECT id FROM orders WHERE id = ANY ($1::text[])", [BoundArray(made.map(\.id))])
        try await change(reading: [ids]) { transaction, _, answers in
            let booked = Set(try answers[0].map { try $0.text("id") })
            try self.insert(made.filter { !booked.contains($0.id) }, of: known.position, known.version, transaction)
        }
    }
}
