import AlertingCore
import Domain
import ServiceKit

/// What Alertmanager (payload version 4) or Grafana posts to a webhook, as alerts.
///
/// Both know an alert by its labels, so the same labels are the same alert here. One that fires has no end in the payload:
/// it is believed until its end is told, or for `expiry`. What else Grafana adds is put into the annotations.
struct WebhookInput {
    /// How long an alert is believed that nobody repeats or ends, unless the address says otherwise with `?expiry=`: longer
    /// than the usual 4 h between two reminders.
    static let expiry = Duration.seconds(86_400)

    private(set) var good: [PostedAlert] = []
    /// Why others were left out.
    private(set) var faults: [String] = []

    /// - Throws: `APIAnswer.FrameworkFault` when the body is no such payload.
    init(_ bytes: [UInt8], expiry: Duration, at now: Timestamp) throws(APIAnswer.FrameworkFault) {
        let document: JSONValue
        do throws(JSONValue.Malformed) {
            document = try JSONValue(bytes)
        } catch {
            throw error == .empty ? .required("payload") : .unreadable("payload", error.description)
        }
        for (place, entry) in try Self.entries(document).enumerated() {
            do throws(BodyReader.Mismatch) {
                try take(entry, place, expiry, now)
            } catch {
                throw .unreadable("payload", error.description)
            }
        }
    }

    private static func entries(_ document: JSONValue) throws(APIAnswer.FrameworkFault) -> [BodyReader] {
        var entries: [BodyReader]?
        do throws(BodyReader.Mismatch) {
            if let items = try BodyReader(document, "Payload").list("alerts") {
                entries = []
                for item in items { entries?.append(try BodyReader(item, "Alert")) }
            }
        } catch {
            throw .unreadable("payload", error.description)
        }
        guard let entries else { throw .required("alerts") }
        return entries
    }

    private mutating func take(
        _ entry: BodyReader, _ place: Int, _ expiry: Duration, _ now: Timestamp
    ) throws(BodyReader.Mismatch) {
        let labels = Labels(try entry.texts("labels") ?? [:])
        guard !labels.isEmpty else { return faults.append("alerts.\(place) has no labels") }
        guard labels.pairs.allSatisfy({ !$0.name.isEmpty }) else {
            return faults.append("alerts.\(place) has a label without a name")
        }
        let isResolved = try entry.text("status") == "resolved"
        var times: [Timestamp?] = []
        for name in ["startsAt", "endsAt"] {
            guard let text = try entry.text(name), !text.isEmpty else {
                times.append(nil)
                continue
            }
            guard let time = PostedTime(text) else { return faults.append("alerts.\(place).\(name) is no time") }
            times.append(time.timestamp)
        }
        let end = isResolved ? min(times[1] ?? now, now) : now + expiry.span
        let start = times[0].map { min($0, end) }
        good.append(
            PostedAlert(
                labels: labels, annotations: Labels(try annotations(entry)), startsAt: start, endsAt: end,
                generatorURL: try entry.text("generatorURL") ?? ""))
    }

    /// The alert's own, and the links and values that Grafana sends beside them.
    private func annotations(_ entry: BodyReader) throws(BodyReader.Mismatch) -> [String: String] {
        var annotations = try entry.texts("annotations") ?? [:]
        for (key, name) in [
            ("dashboardURL", "dashboard_url"), ("panelURL", "panel_url"), ("silenceURL", "silence_url"),
            ("valueString", "values"),
        ] {
            if annotations[name] == nil, let text = try entry.text(key), !text.isEmpty { annotations[name] = text }
        }
        return annotations
    }
}
