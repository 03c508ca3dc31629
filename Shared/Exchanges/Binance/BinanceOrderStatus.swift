package import Domain

/// Where the exchange says an order is.
package enum BinanceOrderStatus: Equatable, Sendable {
    case new
    /// A leg of a list whose turn has not come.
    case pendingNew
    case partiallyFilled
    case filled
    case canceled
    case rejected
    /// Given up by the exchange: an IOC rest, a list's other leg, a market order without a book.
    case expired
    /// A word this suite does not know: the order is asked for again, and nothing is concluded.
    case unknown(String)

    /// Reads the exchange's word.
    package init(_ word: String) {
        switch word {
        case "NEW": self = .new
        case "PENDING_NEW": self = .pendingNew
        case "PARTIALLY_FILLED": self = .partiallyFilled
        case "FILLED": self = .filled
        case "CANCELED", "PENDING_CANCEL": self = .canceled
        case "REJECTED": self = .rejected
        case "EXPIRED", "EXPIRED_IN_MATCH": self = .expired
        default: self = .unknown(word)
        }
    }

    /// The exchange's word.
    package var word: String {
        switch self {
        case .new: "NEW"
        case .pendingNew: "PENDING_NEW"
        case .partiallyFilled: "PARTIALLY_FILLED"
        case .filled: "FILLED"
        case .canceled: "CANCELED"
        case .rejected: "REJECTED"
        case .expired: "EXPIRED"
        case .unknown(let word): word
        }
    }

    /// The state of the suite's own books; nil when nothing can be concluded.
    package var state: OrderState? {
        switch self {
        case .new, .pendingNew: .open
        case .partiallyFilled: .partiallyFilled
        case .filled: .filled
        case .canceled, .expired: .cancelled
        case .rejected: .rejected
        case .unknown: nil
        }
    }
}

extension BinanceOrderStatus: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(word)
    }
}

extension Side {
    /// `BUY` or `SELL`.
    package var binanceWord: String { self == .buy ? "BUY" : "SELL" }

    /// Reads `BUY` or `SELL`; nil for anything else.
    package init?(binanceWord word: String) {
        switch word {
        case "BUY": self = .buy
        case "SELL": self = .sell
        default: return nil
        }
    }
}
