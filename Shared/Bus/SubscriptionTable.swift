/// Who listens to which channel, and who has been told that they do.
struct SubscriptionTable<Receiver> {
    private struct Entry {
        let receiver: Receiver
        let channels: Set<String>
        /// Channels that Redis has not confirmed on this connection.
        var pending: Set<String>
        var everConnected = false
    }

    private var entries: [Int: Entry] = [:]
    private var listeners: [String: [Int]] = [:]
    private var lastID = 0

    /// All channels somebody listens to.
    var channels: [String] { listeners.keys.sorted() }

    mutating func add(_ receiver: Receiver, channels: Set<String>) -> Int {
        lastID += 1
        entries[lastID] = Entry(receiver: receiver, channels: channels, pending: channels)
        for channel in channels { listeners[channel, default: []].append(lastID) }
        return lastID
    }

    /// - Returns: the receiver, and the channels nobody listens to any more.
    mutating func remove(_ id: Int) -> (receiver: Receiver, unused: [String])? {
        guard let entry = entries.removeValue(forKey: id) else { return nil }
        var unused: [String] = []
        for channel in entry.channels.sorted() {
            listeners[channel]?.removeAll { $0 == id }
            if listeners[channel]?.isEmpty == true {
                listeners[channel] = nil
                unused.append(channel)
            }
        }
        return (entry.receiver, unused)
    }

    /// Nothing is confirmed any more.
    mutating func connectionLost() {
        entries = entries.mapValues { entry in
            var entry = entry
            entry.pending = entry.channels
            return entry
        }
    }

    /// Redis confirmed a channel.
    ///
    /// - Returns: those all of whose channels are confirmed by this, and whether they were connected before.
    mutating func confirmed(_ channel: String) -> [(receiver: Receiver, again: Bool)] {
        var complete: [(receiver: Receiver, again: Bool)] = []
        for id in listeners[channel] ?? [] {
            guard var entry = entries[id], entry.pending.remove(channel) != nil else { continue }
            if entry.pending.isEmpty {
                complete.append((entry.receiver, entry.everConnected))
                entry.everConnected = true
            }
            entries[id] = entry
        }
        return complete
    }

    func receivers(of channel: String) -> [Receiver] {
        (listeners[channel] ?? []).compactMap { entries[$0]?.receiver }
    }

    /// Everybody, at the end.
    var receivers: [Receiver] { entries.values.map(\.receiver) }
}
