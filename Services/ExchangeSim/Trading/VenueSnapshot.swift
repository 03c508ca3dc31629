import Domain
import FoundationEssentials

/// What the venue must not forget when the exchange is started anew: accounts, what is open, the newest of what is over.
struct VenueSnapshot: Codable, Sendable, Equatable {
    /// Orders and fills that are over and kept in a snapshot.
    static let historyMax = 5000

    var version = 1
    let accounts: [Balances]
    let orders: [VenueOrder]
    let lists: [VenueList]
    let fills: [VenueFill]
    let nextOrderID: Int64
    let nextListID: Int64
    let nextTradeID: Int64
}

extension Venue {
    var snapshot: VenueSnapshot {
        let sorted = orders.values.sorted { $0.id < $1.id }
        let kept = sorted.filter { !$0.isOpen }.suffix(VenueSnapshot.historyMax) + sorted.filter(\.isOpen)
        let listIDs = Set(kept.compactMap(\.listID))
        return VenueSnapshot(
            accounts: accounts, orders: kept.sorted { $0.id < $1.id },
            lists: lists.values.filter { listIDs.contains($0.id) }.sorted { $0.id < $1.id },
            fills: fills.suffix(VenueSnapshot.historyMax), nextOrderID: nextOrderID, nextListID: nextListID,
            nextTradeID: nextTradeID)
    }

    /// Goes on from a snapshot. Accounts that were not there before keep what they have; markets that are no more lose
    /// their orders.
    mutating func restore(_ snapshot: VenueSnapshot) {
        for (index, balances) in snapshot.accounts.prefix(accounts.count).enumerated() { accounts[index] = balances }
        restoreCounters(snapshot)
        fills = snapshot.fills
        for list in snapshot.lists {
            lists[list.id] = list
            listByClientID[ClientKey(account: list.account, symbol: list.symbol, id: list.clientOrderID)] = list.id
        }
        for order in snapshot.orders where order.account < accounts.count { adopt(order) }
    }
}

/// Where the venue's state is kept between runs.
struct StateFile: Sendable {
    let path: String

    /// The last state; nil when there is none.
    ///
    /// - Throws: for a file that cannot be read or is of another version: nobody's orders are dropped silently.
    func load() throws -> VenueSnapshot? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let snapshot = try JSONDecoder().decode(VenueSnapshot.self, from: Data(contentsOf: URL(filePath: path)))
        guard snapshot.version == 1 else { throw CocoaError(.fileReadCorruptFile) }
        return snapshot
    }

    /// Replaces the file as a whole.
    func save(_ snapshot: VenueSnapshot) throws {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try JSONEncoder().encode(snapshot).write(to: URL(filePath: path), options: .atomic)
    }
}
