import AlertingCore
import Domain
import Outbound

/// One way to tell somebody.
protocol Receiver: Sendable {
    /// Tries once. The same notice may come again: its id is the same.
    func deliver(_ parcel: Parcel) async -> DeliveryAnswer
}

/// What became of a try. The texts are for the books: no secret and no URL in them.
enum DeliveryAnswer: Sendable, Equatable {
    /// - Parameter thread: what later news of the same incident may answer or change; nil when there is no such thing.
    case delivered(String, thread: MessageThread? = nil)
    /// - Parameter after: what the receiver asked for.
    case retry(String, after: Duration?)
    case refused(String)

    var text: String {
        switch self {
        case .delivered(let text, _), .retry(let text, _), .refused(let text): text
        }
    }

    /// What an HTTP answer means: 2xx is taken; 408, 429 and 5xx may be taken later; the rest never.
    init(_ response: HTTPResponse) {
        let text = "HTTP \(response.status)"
        switch response.status {
        case 200..<300: self = .delivered(text)
        case 408, 429, 500...: self = .retry(text, after: Self.retryAfter(response))
        default: self = .refused(text)
        }
    }

    init(_ error: HTTPClientError) {
        switch error.code {
        case .invalidRequest, .addressRefused: self = .refused(error.description)
        default: self = .retry(error.description, after: nil)
        }
    }

    /// Seconds, or a moment by the receiver's own clock; at most an hour.
    static func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response.header("Retry-After") else { return nil }
        if let seconds = Int(text) { return .seconds(min(max(seconds, 0), 3600)) }
        guard let moment = HTTPDate.parse(text), let said = response.header("Date").flatMap(HTTPDate.parse) else {
            return nil
        }
        return .nanoseconds(min(max((moment - said).nanoseconds, 0), 3600 * 1_000_000_000))
    }
}
