public import Domain

/// A strategy wants something.
public struct SignalRaised: Message {
    public static let type = "signal.raised"
    public static let version = 1
    public let signal: Signal
    public init(signal: Signal) { self.signal = signal }
}

/// An order was booked; execution claims it by its id from the database, this is only the bell.
public struct OrderApproved: Message {
    public static let type = "order.approved"
    public static let version = 1
    public let orderID: String
    public let account: String
    /// The order's market; nil from an older release.
    public let symbol: Symbol?
    public init(orderID: String, account: String, symbol: Symbol? = nil) {
        self.orderID = orderID
        self.account = account
        self.symbol = symbol
    }
}

/// A signal was refused, and why.
public struct SignalRefused: Message {
    public static let type = "signal.refused"
    public static let version = 1
    public let signalID: String
    public let account: String
    /// A stable code such as `daily_loss_limit`.
    public let code: String
    /// In words, with the numbers that decided.
    public let reason: String
    public init(signalID: String, account: String, code: String, reason: String) {
        self.signalID = signalID
        self.account = account
        self.code = code
        self.reason = reason
    }
}

/// Trading was paused, resumed or stopped.
public struct ControlChanged: Message {
    public static let type = "control.changed"
    public static let version = 1
    public let account: String
    public let state: TradingState
    /// Open positions are to be closed.
    public let flatten: Bool
    public let by: String
    public let reason: String
    public init(account: String, state: TradingState, flatten: Bool, by: String, reason: String) {
        self.account = account
        self.state = state
        self.flatten = flatten
        self.by = by
        self.reason = reason
    }
}

/// A goal's progress was recorded.
public struct GoalProgressed: Message {
    public static let type = "goal.progressed"
    public static let version = 1
    public let goalID: String
    public let account: String
    public let progress: Ratio
    public let equity: Money
    public init(goalID: String, account: String, progress: Ratio, equity: Money) {
        self.goalID = goalID
        self.account = account
        self.progress = progress
        self.equity = equity
    }
}

/// An order moved to another state.
public struct OrderChanged: Message {
    public static let type = "order.changed"
    public static let version = 1
    public let orderID: String
    public let account: String
    public let symbol: Symbol
    public let state: OrderState
    public let reason: String
    public init(orderID: String, account: String, symbol: Symbol, state: OrderState, reason: String) {
        self.orderID = orderID
        self.account = account
        self.symbol = symbol
        self.state = state
        self.reason = reason
    }
}

/// A fill is in the books.
public struct FillBooked: Message {
    public static let type = "fill.booked"
    public static let version = 1
    public let fill: Fill
    public init(fill: Fill) { self.fill = fill }
}

/// A position is another after a fill.
public struct PositionChanged: Message {
    public static let type = "position.changed"
    public static let version = 1
    public let account: String
    public let symbol: Symbol
    public let quantity: Quantity
    public let cost: Money
    public init(account: String, symbol: Symbol, quantity: Quantity, cost: Money) {
        self.account = account
        self.symbol = symbol
        self.quantity = quantity
        self.cost = cost
    }
}

/// Something happened that only an occurrence can tell, for people.
public struct SuiteEvent: Message {
    public static let type = "suite.event"
    public static let version = 1
    /// A stable name such as `emergency_stop`, `strategy_stopped`, `gap_reported`.
    public let kind: String
    /// `critical`, `warning` or `info`.
    public let severity: String
    public let summary: String
    public let description: String
    public let labels: [String: String]
    public init(kind: String, severity: String, summary: String, description: String, labels: [String: String]) {
        self.kind = kind
        self.severity = severity
        self.summary = summary
        self.description = description
        self.labels = labels
    }
}

/// A service says that it is alive, every few seconds.
public struct ServiceAlive: Message {
    public static let type = "service.alive"
    public static let version = 1
    /// The process: host, number and start.
    public let instance: String
    /// What it depends on is there.
    public let ready: Bool
    public init(instance: String, ready: Bool) {
        self.instance = instance
        self.ready = ready
    }
}
