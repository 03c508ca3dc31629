import AlertingCore
import Domain

/// The body of `POST /api/v2/alerts`, taken in as far as it is good.
struct PostedAlerts {
    /// More in one post are refused.
    static let alertsMax = 50_000

    private(set) var good: [PostedAlert] = []
    /// Why the others were left out, in the reference's words.
    private(set) var faults: [String] = []

    /// Until when an alert is believed that comes without an end.
    private let latest: Timestamp

    /// - Parameter latest: until when an alert is believed that comes without an end.
    /// - Throws: `APIAnswer.FrameworkFault` when it is no list of alerts at all; then none is taken.
    init(_ bytes: [UInt8], latest: Timestamp) throws(APIAnswer.FrameworkFault) {
        self.latest = latest
        let entries = try Self.entries(bytes)
        for (place, entry) in entries.enumerated() { try entry.check(place) }
        for entry in entries { take(entry) }
    }

    private struct Entry {
        let labels: [String: String]?
        let annotations: [String: String]
        let startsAt: Timestamp?
        let endsAt: Timestamp?
        let generatorURL: String

        /// What the framework checks before any alert is taken.
        func check(_ place: Int) throws(APIAnswer.FrameworkFault) {
            if !generatorURL.isEmpty, !URIReference(generatorURL).isValid {
                throw .wrongType("\(place).generatorURL", in: "body", "uri", generatorURL)
            }
            if labels == nil { throw .required("\(place).labels") }
        }
    }

    private static func entries(_ bytes: [UInt8]) throws(APIAnswer.FrameworkFault) -> [Entry] {
        let document: JSONValue
        do throws(JSONValue.Malformed) {
            document = try JSONValue(bytes)
        } catch {
            throw error == .empty ? .required("alerts") : .unreadable("alerts", error.description)
        }
        let values: [JSONValue]
        switch document {
        case .array(let items): values = items
        case .null: values = []
        default:
            let mismatch = BodyReader.Mismatch(found: document.kind, place: "", wanted: "models.PostableAlerts")
            throw .unreadable("alerts", mismatch.description)
        }
        guard values.count <= alertsMax else {
            throw .unreadable("alerts", "more than \(alertsMax) alerts in one post")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(values.count)
        for value in values { entries.append(try entry(value)) }
        return entries
    }

    private static func entry(_ value: JSONValue) throws(APIAnswer.FrameworkFault) -> Entry {
        do throws(BodyReader.Mismatch) {
            let reader = try BodyReader(value, "Alert")
            return Entry(
                labels: try reader.texts("labels"), annotations: try reader.texts("annotations") ?? [:],
                startsAt: try time(reader, "startsAt"), endsAt: try time(reader, "endsAt"),
                generatorURL: try reader.text("generatorURL") ?? "")
        } catch {
            throw .unreadable("alerts", error.description)
        }
    }

    private static func time(_ reader: BodyReader, _ name: String) throws(BodyReader.Mismatch) -> Timestamp? {
        guard let text = try reader.text(name) else { return nil }
        guard let time = PostedTime(text) else {
            throw BodyReader.Mismatch(found: "\"\(text.prefix(40))\"", place: "Alert.\(name)", wanted: "time")
        }
        return time.timestamp
    }

    private mutating func take(_ entry: Entry) {
        let labels = Labels(entry.labels ?? [:])
        if let start = entry.startsAt, entry.endsAt ?? latest < start {
            return faults.append("start time must be before end time")
        }
        guard !labels.isEmpty else { return faults.append("at least one label pair required") }
        if let bad = labels.pairs.map(\.name).first(where: { !LabelName.isValid($0) }) {
            return faults.append("invalid label set: invalid name \(LabelName.quoted(bad))")
        }
        if let bad = entry.annotations.keys.sorted().first(where: { !LabelName.isValid($0) }) {
            return faults.append("invalid annotations: invalid name \(LabelName.quoted(bad))")
        }
        good.append(
            PostedAlert(
                labels: labels, annotations: Labels(entry.annotations), startsAt: entry.startsAt, endsAt: entry.endsAt,
                generatorURL: entry.generatorURL))
    }
}
