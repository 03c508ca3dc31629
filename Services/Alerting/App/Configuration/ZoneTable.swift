import AlertingCore
import Domain
import Foundation

extension Zone {
    /// Reads a zone of the machine's table, from 1970 to 2100.
    ///
    /// - Returns: nil when no zone has this name.
    static func named(_ name: String) -> Zone? {
        guard !name.isEmpty, let zone = TimeZone(identifier: name) else { return nil }
        func offset(_ date: Date) -> Int64 { Int64(zone.secondsFromGMT(for: date)) }
        let start = Date(timeIntervalSince1970: 0)
        let end = Date(timeIntervalSince1970: 4_102_444_800)
        var transitions: [Transition] = []
        var date = start
        while let next = zone.nextDaylightSavingTimeTransition(after: date), next < end, next > date {
            transitions.append(
                Transition(at: Timestamp(seconds: Int64(next.timeIntervalSince1970.rounded())), offset: offset(next)))
            date = next
        }
        return Zone(name: name, first: offset(start), transitions: transitions)
    }
}
