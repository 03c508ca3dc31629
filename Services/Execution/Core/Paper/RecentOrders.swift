import Domain

/// How the last orders ended, not more than `limit` of them.
struct RecentOrders: Sendable {
    static let limit = 1024
    private var statuses: [String: VenueStatus] = [:]
    private var sequence: [String] = []
    private var head = 0

    mutating func add(_ id: String, _ status: VenueStatus) {
        statuses[id] = status
        if sequence.count < Self.limit {
            sequence.append(id)
        } else {
            statuses[sequence[head]] = nil
            sequence[head] = id
            head = (head + 1) % Self.limit
        }
    }

    func status(of id: String) -> VenueStatus? { statuses[id] }
}
