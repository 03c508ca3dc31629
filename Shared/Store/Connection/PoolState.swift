/// Which connections are free and who waits for one. Decides only; `ConnectionPool` acts.
struct PoolState {
    /// What to do with somebody who wants a connection.
    enum Answer: Equatable {
        case take(Int)
        /// Queue up under the ticket.
        case wait(ticket: UInt64)
        /// Too many wait already.
        case refuse
    }

    /// Used last first, so that few stay warm.
    private(set) var idle: [Int]
    private(set) var waiting: [UInt64] = []
    private let size: Int
    private let waitersMax: Int
    private var lastTicket: UInt64 = 0

    init(size: Int, waitersMax: Int) {
        self.size = size
        self.waitersMax = waitersMax
        idle = Array((0..<size).reversed())
    }

    var busy: Int { size - idle.count }

    mutating func acquire() -> Answer {
        if let free = idle.popLast() { return .take(free) }
        guard waiting.count < waitersMax else { return .refuse }
        lastTicket += 1
        waiting.append(lastTicket)
        return .wait(ticket: lastTicket)
    }

    /// Gives the ticket that gets the connection now; nil when it goes back to the idle ones.
    mutating func release(_ connection: Int) -> UInt64? {
        guard !waiting.isEmpty else {
            idle.append(connection)
            return nil
        }
        return waiting.removeFirst()
    }

    /// Somebody waits no longer. False when they were served in the meantime.
    mutating func abandon(_ ticket: UInt64) -> Bool {
        guard let index = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }
}
