/// How a request to Binance failed, sorted by what may be done about it.
package enum BinanceError: Error, Equatable, Sendable {
    /// The exchange said no, and nothing has happened: the request itself is wrong, or not allowed now.
    case rejected(BinanceRejection)
    /// The exchange knows no such order: none was placed under this id, or (on cancelling) it is open no more.
    case unknownOrder(BinanceRejection)
    /// An open order has this client order id already: what was asked for has happened before.
    case duplicateOrder(BinanceRejection)
    /// Too many requests: nothing has happened, and nothing may be sent until then.
    case rateLimited(retryAfter: Duration)
    /// The address is banned for not heeding the limits; nothing has happened.
    case banned(retryAfter: Duration)
    /// The request may or may not have had its effect. Ask before sending it again.
    case inDoubt(reason: String)
    /// The request did not leave, or the exchange says that it did not get to it: nothing has happened.
    case notSent(reason: String)
    /// An answer came that is not what is documented. On an order this counts as in doubt.
    case undecodable(reason: String)

    /// May the request have had an effect at the exchange?
    package var mayHaveHappened: Bool {
        switch self {
        case .inDoubt, .undecodable: true
        case .rejected, .unknownOrder, .duplicateOrder, .rateLimited, .banned, .notSent: false
        }
    }

    /// Can the same request succeed later, unchanged?
    package var isRetryable: Bool {
        switch self {
        case .rateLimited, .banned, .notSent, .inDoubt: true
        case .rejected, .unknownOrder, .duplicateOrder, .undecodable: false
        }
    }

    /// A label for metrics, of a closed set.
    package var kind: String {
        switch self {
        case .rejected: "rejected"
        case .unknownOrder: "unknown_order"
        case .duplicateOrder: "duplicate_order"
        case .rateLimited: "rate_limited"
        case .banned: "banned"
        case .inDoubt: "in_doubt"
        case .notSent: "not_sent"
        case .undecodable: "undecodable"
        }
    }
}

extension BinanceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .rejected(let no): "the exchange refused it: \(no.message) (\(no.code))"
        case .unknownOrder(let no): "the exchange knows no such order: \(no.message) (\(no.code))"
        case .duplicateOrder(let no): "an open order has this id already: \(no.message) (\(no.code))"
        case .rateLimited(let delay): "rate limit reached; again in \(delay)"
        case .banned(let delay): "banned by the exchange for \(delay)"
        case .inDoubt(let reason): "not known whether it happened: \(reason)"
        case .notSent(let reason): "not sent: \(reason)"
        case .undecodable(let reason): "an answer that is not understood: \(reason)"
        }
    }
}

extension BinanceError {
    /// What an answer other than a success means.
    ///
    /// - Parameters:
    ///   - status: of HTTP.
    ///   - retryAfter: the header `Retry-After`, in seconds.
    ///   - body: as it came.
    package init(status: Int, retryAfter: Int?, body: [UInt8]) {
        let rejection = BinanceBody.rejection(body, at: 0)
        switch status {
        case 429: self = .rateLimited(retryAfter: .seconds(Self.clamped(retryAfter)))
        case 418: self = .banned(retryAfter: .seconds(Self.clamped(retryAfter)))
        case 400..<500: self = Self.refusal(rejection, status: status)
        case 503: self = Self.unavailable(rejection)
        default: self = .inDoubt(reason: "status \(status)")
        }
    }

    private static func refusal(_ rejection: BinanceRejection?, status: Int) -> BinanceError {
        guard let rejection else { return .rejected(BinanceRejection(code: -status, message: "status \(status)")) }
        switch rejection.code {
        case -1006, -1007: return .inDoubt(reason: rejection.message)
        case -1003, -1015: return .rateLimited(retryAfter: .seconds(defaultDelaySeconds))
        case -2011, -2013: return .unknownOrder(rejection)
        case -2010 where rejection.message.hasPrefix("Duplicate order"): return .duplicateOrder(rejection)
        default: return .rejected(rejection)
        }
    }

    /// The three meanings of 503 are told apart by their words only, as the exchange documents.
    private static func unavailable(_ rejection: BinanceRejection?) -> BinanceError {
        guard let rejection else { return .inDoubt(reason: "status 503") }
        if rejection.message.hasPrefix("Service Unavailable") || rejection.message.hasPrefix("Internal error") {
            return .notSent(reason: rejection.message)
        }
        return .inDoubt(reason: rejection.message)
    }

    private static let defaultDelaySeconds = 10

    private static func clamped(_ seconds: Int?) -> Int { min(max(seconds ?? defaultDelaySeconds, 1), 3 * 86_400) }
}
