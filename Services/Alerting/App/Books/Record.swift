import AlertingCore
import Domain

/// One change of what must survive; carrying it out twice has one effect.
enum Record: Codable, Sendable {
    /// An alert as it is now, and when it was so.
    case alert(Alert, at: Timestamp)
    /// What a destination is to be told, or that it needs not.
    case notice(Notice)
    case attempt(Attempt)

    /// One try to deliver a notice.
    struct Attempt: Codable, Sendable {
        enum Result: String, Codable, Sendable {
            case delivered
            /// It will be tried again.
            case retry = "queued"
            case failed
            /// Something newer is told instead.
            case superseded
        }

        let notice: String
        /// Counts from 1.
        let number: Int
        let result: Result
        /// What the receiver said, in short; no secret, no URL.
        let answer: String
        let at: Timestamp
        let nextAt: Timestamp
    }
}

/// What was in the books at a start.
struct BooksAtStart: Sendable {
    var alerts: [Alert] = []
    var told: [(ToldKey, ToldEntry)] = []
    var queued: [QueuedNotice] = []
}

/// A notice that is not delivered yet.
struct QueuedNotice: Sendable {
    let notice: Notice
    /// Tries so far.
    var attempts: Int
    var nextAt: Timestamp
}
