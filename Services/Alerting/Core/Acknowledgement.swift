package import Domain

/// Somebody took notice of an alert or a group, or took that back.
package struct Acknowledgement: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case alert, group
    }

    package let id: String
    package let kind: Kind
    /// A fingerprint, or a group's key.
    package let subject: String
    package let acknowledged: Bool
    package let by: String
    /// `api`, `page`, `link`.
    package let through: String
    package let comment: String
    package let at: Timestamp

    package init(
        id: String, kind: Kind, subject: String, acknowledged: Bool, by: String, through: String, comment: String,
        at: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.acknowledged = acknowledged
        self.by = by
        self.through = through
        self.comment = comment
        self.at = at
    }
}

/// Who took notice of which alerts and groups. The last word on each counts.
package struct AcknowledgementBook: Sendable {
    /// A word on what nobody mentions any more is forgotten.
    private static let retention = Timestamp.Span.days(30)

    private var latest: [String: Acknowledgement] = [:]

    package init() {}

    /// The last word on a fingerprint or a group's key.
    package subscript(subject: String) -> Acknowledgement? { latest[subject] }

    /// What is taken notice of now, by subject.
    package var standing: [Acknowledgement] {
        latest.values.filter(\.acknowledged).sorted { $0.subject < $1.subject }
    }

    package mutating func take(_ acknowledgement: Acknowledgement) {
        if let known = latest[acknowledgement.subject], known.at > acknowledgement.at { return }
        latest[acknowledgement.subject] = acknowledgement
    }

    /// Who took notice of an alert, by itself or with its group. Notice taken of an earlier occurrence does not count.
    package func acknowledgement(of alert: Alert, inGroup key: String) -> Acknowledgement? {
        [alert.fingerprint.description, key].compactMap { latest[$0] }.filter { $0.at >= alert.startsAt }
            .max { $0.at < $1.at }.flatMap { $0.acknowledged ? $0 : nil }
    }

    package mutating func forget(before now: Timestamp) {
        if latest.values.contains(where: { $0.at + Self.retention < now }) {
            latest = latest.filter { $0.value.at + Self.retention >= now }
        }
    }
}
