import AlertingCore
import Domain

/// One change of what must survive. Carrying it out twice has one effect, and two may change places: the newer one wins.
enum Record: Codable, Sendable {
    /// An alert as it is now.
    case alert(Alert)
    /// An alert that the books have, heard of again: only its end has moved. The spool keeps no more than that.
    case heard(Alert)
    case end(AlertEnd)
    /// What a destination needs not be told, and knows from then on.
    case told(ToldKey, ToldEntry)
    /// What a destination is to be told, and knows from then on.
    case notice(QueuedNotice)
    /// A message that changes nothing of what a destination knows: a summary, or one that is sent again on demand.
    case message(QueuedNotice)
    /// A try begins. Nobody knows how it ended until its attempt is kept.
    case begun(Begun)
    case attempt(Attempt)
    /// When groups are looked at next, and groups that are no more.
    case groups([GroupTimer], gone: [GroupName])
    case silence(Silence)
    /// How far a group has escalated.
    case incident(Incident)
    case acknowledgement(Acknowledgement)
    case audit(AuditEntry)
}

extension Record {
    /// Most alerts in the notices of one transaction: the lease cannot be renewed while one lasts.
    private static let weightMax = 2000

    private var weight: Int {
        switch self {
        case .notice(let queued), .message(let queued): 1 + queued.notice.alerts.count
        default: 1
        }
    }

    /// As many of the first records as one transaction should take: at least one.
    static func portion(of records: ArraySlice<Record>, weighing max: Int = weightMax) -> ArraySlice<Record> {
        var weight = 0
        return records.prefix { record in
            defer { weight += record.weight }
            return weight == 0 || weight + record.weight <= max
        }
    }
}

/// When an alert that is known ends, as of the last time it was heard of.
struct AlertEnd: Codable, Sendable {
    let fingerprint: Fingerprint
    let endsAt: Timestamp
    let endIsTimeout: Bool
    let updatedAt: Timestamp

    init(_ alert: Alert) {
        fingerprint = alert.fingerprint
        endsAt = alert.endsAt
        endIsTimeout = alert.endIsTimeout
        updatedAt = alert.updatedAt
    }
}

/// A notice that waits for its destination.
struct QueuedNotice: Codable, Sendable, Equatable {
    /// The receiver sees the same over all tries.
    let id: String
    var notice: Notice
    let channel: String
    /// Later than this nobody needs it any more.
    let expiresAt: Timestamp
    /// The notice that this one repeats because somebody asked for it.
    var resendOf: String?
    /// Tries that were begun.
    var attempts = 0
    var nextAt: Timestamp
    /// The last try was begun, and nobody knows how it ended.
    var isUnfinished = false
    /// That was so of a try: it may have arrived.
    var isInDoubt = false

    var destination: String { notice.key.destination }
    /// Somebody asked for this one message: nothing else stands for it, and it stands for nothing else.
    var isOnDemand: Bool { resendOf != nil || notice.reason == .test }
    /// Also when nobody has acknowledged it: somebody is to be woken.
    var isCritical: Bool { notice.reason == .escalated || Alert.isCritical(notice.alerts) }
}

extension Alert {
    /// Whether any of them must not wait.
    static func isCritical(_ alerts: [Alert]) -> Bool { alerts.contains { $0.labels["severity"] == "critical" } }
}

/// A try that begins now.
struct Begun: Codable, Sendable {
    let notice: String
    /// Counts from 1.
    let number: Int
    let at: Timestamp
}

/// What became of one try to deliver a notice, or of the decision not to try.
struct Attempt: Codable, Sendable {
    /// The words of the delivery log.
    enum Result: String, Codable, Sendable, CaseIterable {
        case delivered
        /// It will be tried again.
        case retry
        /// The receiver will never take it.
        case failed
        /// The program ended before the answer.
        case unknown
        /// Something newer is told instead.
        case superseded
        /// Too late to be of use.
        case expired
        /// The queue was full.
        case dropped
        /// Told with many others in one message.
        case summarised

        /// Nobody was told, and nothing else is told instead.
        var reachedNobody: Bool { [.failed, .expired, .dropped].contains(self) }

        /// What the notice is after it.
        var state: String {
            switch self {
            case .retry, .unknown: "queued"
            default: rawValue
            }
        }
    }

    let notice: String
    let number: Int
    let result: Result
    /// What the receiver said, in short; no secret, no URL.
    let answer: String
    /// It may have arrived before.
    let repeated: Bool
    let begunAt: Timestamp
    let at: Timestamp
    let nextAt: Timestamp
    /// What later news of the same group may answer or change.
    var thread: MessageThread?
    /// Which group at which destination the thread is of.
    var key: ToldKey?
    /// What destinations know of groups after all, for the notice reached nobody.
    var takenBack: [AlertBook.State.Told]?
}

/// Who did what to alerting itself.
struct AuditEntry: Codable, Sendable {
    let by: String
    let through: String
    let action: String
    let subject: String
    let detail: String
    let at: Timestamp
}
