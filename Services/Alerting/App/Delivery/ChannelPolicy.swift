import AlertingCore
import Domain
import ServiceKit

/// How a kind of channel is treated: what its provider takes, and how long its messages are of use.
struct ChannelPolicy: Sendable, Equatable {
    /// Messages in a minute, on average.
    var perMinute: Int
    /// Messages at once, after a quiet time.
    var burst: Int
    /// A notice that could not be delivered for so long is given up.
    var expiresAfter: Timestamp.Span
    /// More notices that are not critical in a minute are told as one; 0: never.
    var stormLimit: Int

    /// What the providers ask for: Slack takes one message a second, Telegram twenty a minute in a group; a mail server
    /// and one's own webhook take more.
    static func standard(_ kind: String) -> ChannelPolicy {
        let (perMinute, burst) =
            switch kind {
            case "slack": (60, 5)
            case "telegram": (20, 5)
            case "email": (60, 20)
            default: (3000, 200)
            }
        let stormLimit = kind == "webhook" ? 0 : 20
        return ChannelPolicy(
            perMinute: perMinute, burst: burst, expiresAfter: .seconds(6 * 3600), stormLimit: stormLimit)
    }

    /// When a notice is too late to be of use: an occurrence sooner than a state that lasts, and what says so itself by
    /// the annotation `deliver_within` (`90s`, `10m`, `2h`) after that time. Of several alerts the longest counts.
    func expiry(of notice: Notice, eventsAfter: Timestamp.Span) -> Timestamp {
        let spans = notice.alerts.map { alert in
            let usual = alert.kind == .event ? min(eventsAfter, expiresAfter) : expiresAfter
            return Self.span(alert.annotations["deliver_within"]) ?? usual
        }
        return notice.at + (spans.max { $0.nanoseconds < $1.nanoseconds } ?? expiresAfter)
    }

    private static func span(_ text: String) -> Timestamp.Span? {
        guard let unit = text.last, let count = Int64(text.dropLast()), (1...1_000_000).contains(count) else {
            return nil
        }
        switch unit {
        case "s": return .seconds(count)
        case "m": return .seconds(count * 60)
        case "h": return .seconds(count * 3600)
        default: return nil
        }
    }
}

/// The policies of all kinds of channels.
struct DeliveryPolicies: Sendable {
    var byChannel: [String: ChannelPolicy] = [:]
    /// An occurrence that could not be delivered for so long is given up.
    var eventsExpireAfter = Timestamp.Span.seconds(3600)

    func policy(of channel: String) -> ChannelPolicy { byChannel[channel] ?? .standard(channel) }
}

/// Lets through so many in a minute on average, and some at once after a quiet time. Whole numbers only.
struct TokenBucket: Sendable {
    private let perMinute: Int64
    private let capacity: Int64
    /// Of a token, in nanoseconds times `perMinute`.
    private static let token: Int64 = 60_000_000_000
    private var level: Int64
    private var filledAt: Timestamp?

    init(perMinute: Int, burst: Int) {
        self.perMinute = Int64(max(1, perMinute))
        capacity = Int64(max(1, burst)) * Self.token
        level = capacity
    }

    /// Takes one, if there is one.
    ///
    /// - Returns: nil when it was taken, else when there will be one.
    mutating func take(at now: Timestamp) -> Timestamp? {
        fill(now)
        guard level < Self.token else {
            level -= Self.token
            return nil
        }
        let missing = Self.token - level
        return now + Timestamp.Span(nanoseconds: (missing + perMinute - 1) / perMinute)
    }

    /// When there will be one; nil: now.
    func next(at now: Timestamp) -> Timestamp? {
        var copy = self
        return copy.take(at: now)
    }

    private mutating func fill(_ now: Timestamp) {
        defer { filledAt = now }
        // A clock that was put back fills nothing.
        guard let filledAt, now > filledAt else { return }
        let elapsed = min((now - filledAt).nanoseconds, 3600_000_000_000)
        level = min(capacity, level + elapsed * perMinute)
    }
}

/// When a notice that was not taken is tried again.
enum RetryPolicy {
    private static let first: Int64 = 1_000_000_000
    private static let longest: Int64 = 60_000_000_000

    /// The pause doubles from a second to a minute; a receiver's wish is obeyed when it is longer.
    ///
    /// - Parameters:
    ///   - attempts: so far, from 1.
    ///   - jitter: 0 to 1; the pause is between half and the whole of its value.
    static func next(attempts: Int, after: Duration?, now: Timestamp, jitter: Double) -> Timestamp {
        let doubled = min(first << Int64(min(max(attempts, 1) - 1, 10)), longest)
        let pause = doubled / 2 + Int64(Double(doubled / 2) * jitter)
        return now + Timestamp.Span(nanoseconds: max(pause, after?.span.nanoseconds ?? 0))
    }
}
