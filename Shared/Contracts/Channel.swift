public import Domain

/// A Redis channel and the one kind of message it carries.
public struct Channel<Body: Message>: Sendable, Hashable {
    public let name: String
    fileprivate init(_ name: String) { self.name = name }
}

/// All channels of the suite, in one place.
public enum Channels {
    public static func prints(_ symbol: Symbol) -> Channel<PrintBatch> { Channel("md.trades.\(symbol)") }
    public static func quotes(_ symbol: Symbol) -> Channel<QuoteUpdate> { Channel("md.quotes.\(symbol)") }
    public static func candles(_ symbol: Symbol, _ timeframe: Timeframe) -> Channel<CandleUpdate> {
        Channel("md.candles.\(symbol).\(timeframe.rawValue)")
    }
    public static var sources: Channel<SourceStatus> { Channel("md.sources") }
    public static var signals: Channel<SignalRaised> { Channel("strategy.signals") }
    public static var approvals: Channel<OrderApproved> { Channel("risk.orders") }
    public static var refusals: Channel<SignalRefused> { Channel("risk.refusals") }
    public static var control: Channel<ControlChanged> { Channel("risk.control") }
    public static var goals: Channel<GoalProgressed> { Channel("risk.goals") }
    public static var orders: Channel<OrderChanged> { Channel("execution.orders") }
    public static var fills: Channel<FillBooked> { Channel("execution.fills") }
    public static var positions: Channel<PositionChanged> { Channel("execution.positions") }
    public static var heartbeats: Channel<ServiceAlive> { Channel("suite.heartbeats") }
    public static var suiteEvents: Channel<SuiteEvent> { Channel("alerts.events") }
}
