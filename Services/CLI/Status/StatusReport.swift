import Domain

/// How the suite is at one moment.
struct StatusReport: Sendable {
    struct Account: Sendable, Equatable {
        let id: String
        let state: String
        let venue: String
        let currency: String
        let cash: Money
        let netDeposits: Money
        let realised: Money
        let fees: Money
        /// Orders at the venue or on their way, protective ones included.
        let liveOrders: Int
    }

    struct Position: Sendable, Equatable {
        let account: String
        let symbol: Symbol
        let quantity: Quantity
        let cost: Money
        let stop: Price?
        let target: Price?
        let strategy: String
    }

    /// The newest price of a market that is known: of a print or a quote, or the close of a finished minute.
    struct Mark: Sendable, Equatable {
        let price: Price
        let time: Timestamp
    }

    struct Goal: Sendable, Equatable {
        let id: String
        let account: String
        let kind: String
        let target: Money
        let progress: Ratio?
        let deadline: Timestamp
        let state: String
    }

    struct Breach: Sendable, Equatable {
        let account: String
        let reason: String
    }

    struct Service: Sendable, Equatable {
        enum State: Sendable, Equatable {
            case ready
            /// With what is missing.
            case notReady([String])
            case unreachable
        }
        let name: String
        let state: State
    }

    struct Source: Sendable, Equatable {
        let exchange: String
        let symbol: String
        let connected: Bool
        let stale: Bool
        /// Seconds since the last message.
        let age: Double?
    }

    /// What the database holds; nil while it is away.
    struct Books: Sendable {
        var accounts: [Account] = []
        var positions: [Position] = []
        var marks: [Symbol: Mark] = [:]
        var goals: [Goal] = []
        /// Limits on losses that refuse entries, by account and in words.
        var breaches: [Breach] = []
        /// Fills that could not be booked, by account.
        var fillsAside: [String: Int] = [:]
        var deadLetters = 0
        var inDoubt = 0
    }

    let now: Timestamp
    let books: Books?
    /// Why there are no books.
    let trouble: String?
    let services: [Service]
    let sources: [Source]
}

extension StatusReport {
    /// Cash and what the positions are worth at the last prices; nil while one has no price.
    func equity(of account: Account) -> Money? {
        guard let books else { return nil }
        var equity = account.cash
        for position in books.positions where position.account == account.id {
            guard let mark = books.marks[position.symbol] else { return nil }
            equity += mark.price.times(position.quantity)
        }
        return equity
    }

    /// What gave no answer: the database, services by name.
    var unreachable: [String] {
        (books == nil ? ["the database"] : []) + services.filter { $0.state == .unreachable }.map(\.name)
    }

    /// Everything is ready and nothing needs a person.
    var isWell: Bool {
        books != nil && books?.deadLetters == 0 && books?.fillsAside.isEmpty == true
            && services.allSatisfy { $0.state == .ready }
            && sources.allSatisfy { $0.connected && !$0.stale }
    }
}
