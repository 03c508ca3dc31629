import AlertingCore
import Domain
import Foundation

/// The body of `POST /api/v2/alerts`, taken in as far as it is good.
struct PostedAlerts {
    private struct Entry: Decodable {
        let labels: [String: String]
        let annotations: [String: String]?
        let startsAt: String?
        let endsAt: String?
        let generatorURL: String?
    }

    /// More in one post are refused.
    static let alertsMax = 5000

    private(set) var good: [PostedAlert] = []
    /// Why the others were left out.
    private(set) var faults: [String] = []

    /// - Throws: `DecodingError` when it is not a list of alerts at all.
    init(_ data: Data) throws {
        let entries = try JSONDecoder().decode([Entry].self, from: data)
        guard entries.count <= Self.alertsMax else {
            faults = ["more than \(Self.alertsMax) alerts in one post"]
            return
        }
        for entry in entries { take(entry) }
    }

    private mutating func take(_ entry: Entry) {
        let labels = Labels(entry.labels)
        guard !labels.isEmpty else { return faults.append("at least one label pair required") }
        if let bad = labels.pairs.first(where: { !Self.isName($0.name) }) {
            return faults.append("invalid label set: invalid name \"\(bad.name.prefix(100))\"")
        }
        var times: [Timestamp?] = []
        for text in [entry.startsAt, entry.endsAt] {
            guard let text, !text.isEmpty else {
                times.append(nil)
                continue
            }
            guard let time = RFC3339.parse(text) else { return faults.append("not a time: \(text.prefix(40))") }
            times.append(time == .zero ? nil : time)
        }
        if let start = times[0], let end = times[1], end < start {
            return faults.append("start time must be before end time")
        }
        good.append(
            PostedAlert(
                labels: labels, annotations: Labels(entry.annotations ?? [:]), startsAt: times[0], endsAt: times[1],
                generatorURL: entry.generatorURL ?? ""))
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`.
    private static func isName(_ name: String) -> Bool {
        name.utf8.enumerated().allSatisfy { place, byte in
            (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
                || (place > 0 && (0x30...0x39).contains(byte))
        } && !name.isEmpty
    }
}
