/// A message on its way to Redis.
struct Outgoing: Sendable {
    /// How much it matters.
    enum Worth: Sendable {
        /// Worth nothing late: dropped first, and not kept over an outage.
        case marketData
        /// A bell: kept as long as there is room.
        case bell
    }

    let channel: String
    let bytes: [UInt8]

    var worth: Worth { channel.hasPrefix("md.") && channel != "md.sources" ? .marketData : .bell }
}

/// What waits to be published: two lanes, bells first, bounded by number and by bytes.
struct PublishQueue {
    private let limit: Int
    private let bytesLimit: Int
    private var bells = FIFO<Outgoing>()
    private var market = FIFO<Outgoing>()
    private var bytes = 0

    init(limit: Int, bytesLimit: Int) {
        self.limit = max(1, limit)
        self.bytesLimit = bytesLimit
    }

    var count: Int { bells.count + market.count }

    /// Takes a message in, and tells how many older ones had to go for it.
    mutating func append(_ message: Outgoing) -> Int {
        switch message.worth {
        case .marketData: market.append(message)
        case .bell: bells.append(message)
        }
        bytes += message.bytes.count
        var dropped = 0
        while count > limit || (bytes > bytesLimit && count > 1), let oldest = market.popFirst() ?? bells.popFirst() {
            bytes -= oldest.bytes.count
            dropped += 1
        }
        return dropped
    }

    /// Up to `most` messages, bells first, each lane in its order.
    mutating func take(_ most: Int) -> [Outgoing] {
        var batch: [Outgoing] = []
        while batch.count < most, let message = bells.popFirst() ?? market.popFirst() {
            bytes -= message.bytes.count
            batch.append(message)
        }
        return batch
    }

    /// After a lost connection: bells go back to the front (they may be heard twice), market data is given up.
    ///
    /// - Returns: how many messages of market data were given up.
    mutating func connectionLost(unanswered batch: [Outgoing]) -> Int {
        let again = batch.filter { $0.worth == .bell }
        bells.putBack(again)
        for message in again { bytes += message.bytes.count }
        var given = batch.count - again.count
        while let message = market.popFirst() {
            bytes -= message.bytes.count
            given += 1
        }
        return given
    }
}
