package import Domain

/// The offsets of one time zone over the years, as the rim reads them from the machine's table.
package struct Zone: Hashable, Sendable {
    /// From a moment on, another offset holds.
    package struct Transition: Hashable, Sendable {
        package let at: Timestamp
        /// Seconds east of Greenwich.
        package let offset: Int64
        package init(at: Timestamp, offset: Int64) {
            self.at = at
            self.offset = offset
        }
    }

    /// Such as `Europe/Berlin`.
    package let name: String
    /// Seconds east of Greenwich before the first transition.
    private let first: Int64
    private let transitions: [Transition]

    package init(name: String, first: Int64, transitions: [Transition]) {
        self.name = name
        self.first = first
        self.transitions = transitions.sorted { $0.at < $1.at }
    }

    package static let utc = Zone(name: "UTC", first: 0, transitions: [])

    /// What the clock on the wall shows, as if it were UTC.
    func local(_ time: Timestamp) -> Timestamp { time + .seconds(offset(at: time)) }

    /// Seconds east of Greenwich.
    package func offset(at time: Timestamp) -> Int64 {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : transitions[low - 1].offset
    }
}
