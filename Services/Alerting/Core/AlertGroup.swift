package import Domain

/// A group's name: its route (with its place in the tree) and the values of the labels it is grouped by.
package struct GroupName: Codable, Hashable, Sendable {
    /// `{}/{severity="critical"}/0`.
    package let route: String
    package let labels: Labels
    /// Occurrences are grouped by themselves.
    package let kind: Alert.Kind
    package init(route: String, labels: Labels, kind: Alert.Kind = .condition) {
        self.route = route
        self.labels = labels
        self.kind = kind
    }
}

/// What a group waits for before its next round.
package enum GroupWait: String, Codable, Sendable {
    /// More of its kind, for it is new.
    case groupWait
    /// Nothing: one of its alerts fires for longer than it would wait.
    case none
    /// The interval since its last round.
    case groupInterval
    /// Of occurrences: the cooldown since those of its kind were told.
    case cooldown
}

/// When a group's next round is; what must survive of a group besides its alerts.
package struct GroupTimer: Codable, Hashable, Sendable {
    package let name: GroupName
    package let flushAt: Timestamp
    /// Its last round; nil before the first.
    package let flushedAt: Timestamp?
    package let wait: GroupWait

    package init(name: GroupName, flushAt: Timestamp, flushedAt: Timestamp?, wait: GroupWait) {
        self.name = name
        self.flushAt = flushAt
        self.flushedAt = flushedAt
        self.wait = wait
    }
}

/// What has become of groups.
package struct GroupChanges: Hashable, Sendable {
    private var latest: [GroupName: GroupTimer?] = [:]

    /// New timers.
    package var timers: [GroupTimer] { latest.values.compactMap(\.self).sorted { Self.precedes($0.name, $1.name) } }
    /// Groups that are no more.
    package var gone: [GroupName] { latest.filter { $0.value == nil }.map(\.key).sorted(by: Self.precedes) }
    package var isEmpty: Bool { latest.isEmpty }

    mutating func changed(_ timer: GroupTimer) { latest[timer.name] = .some(timer) }
    mutating func closed(_ name: GroupName) { latest[name] = .some(nil) }

    private static func precedes(_ left: GroupName, _ right: GroupName) -> Bool {
        if left.route != right.route { return left.route.precedes(right.route) }
        if left.labels != right.labels { return left.labels < right.labels }
        return left.kind.rawValue < right.kind.rawValue
    }
}

extension AlertBook.Group {
    var timer: GroupTimer { GroupTimer(name: name, flushAt: flushAt, flushedAt: flushedAt, wait: wait) }
}

/// Groups by when they are due: a binary heap. An entry of a group that has another time by now is stale; whoever takes it
/// out sees that.
struct DueHeap: Sendable {
    private struct Entry: Sendable {
        let at: Timestamp
        let slot: Int
        func precedes(_ other: Entry) -> Bool { at != other.at ? at < other.at : slot < other.slot }
    }

    private var entries: [Entry] = []

    /// The earliest time, perhaps of a stale entry.
    var first: (at: Timestamp, slot: Int)? { entries.first.map { ($0.at, $0.slot) } }
    var count: Int { entries.count }

    mutating func push(_ at: Timestamp, _ slot: Int) {
        entries.append(Entry(at: at, slot: slot))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].precedes(entries[parent]) else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop(upTo now: Timestamp) -> (Timestamp, Int)? {
        guard let top = entries.first, top.at <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            siftDown()
        }
        return (top.at, top.slot)
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].precedes(entries[least]) { least = child }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
