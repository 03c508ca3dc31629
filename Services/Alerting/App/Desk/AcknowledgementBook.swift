import AlertingCore
import Domain

/// Who took notice of which alerts and groups. The last word on each counts.
struct AcknowledgementBook: Sendable {
    /// A word on what nobody mentions any more is forgotten.
    private static let retention = Timestamp.Span.days(30)

    private var latest: [String: Acknowledgement] = [:]

    /// The last word on a fingerprint or a group's key.
    subscript(subject: String) -> Acknowledgement? { latest[subject] }

    /// What is taken notice of now, by subject.
    var standing: [Acknowledgement] {
        latest.values.filter(\.acknowledged).sorted { $0.subject < $1.subject }
    }

    mutating func take(_ acknowledgement: Acknowledgement) {
        if let known = latest[acknowledgement.subject], known.at > acknowledgement.at { return }
        latest[acknowledgement.subject] = acknowledgement
    }

    /// Who took notice of an alert, by itself or with its group. Notice taken of an earlier occurrence does not count.
    func acknowledgement(of alert: Alert, inGroup key: String) -> Acknowledgement? {
        [alert.fingerprint.description, key].compactMap { latest[$0] }.filter { $0.at >= alert.startsAt }
            .max { $0.at < $1.at }.flatMap { $0.acknowledged ? $0 : nil }
    }

    mutating func forget(before now: Timestamp) {
        if latest.values.contains(where: { $0.at + Self.retention < now }) {
            latest = latest.filter { $0.value.at + Self.retention >= now }
        }
    }
}
