import Domain

/// Signals that wait for a decision, in the order in which one account decides: by time, symbol and strategy.
struct SignalQueue {
    /// Most signals that wait; beyond it the strategy's repetition brings them again.
    static let limit = 10_000

    private var waiting: [String: Signal] = [:]

    /// False when the queue is full.
    mutating func add(_ signal: Signal) -> Bool {
        guard waiting.count < Self.limit || waiting[signal.id] != nil else { return false }
        waiting[signal.id] = signal
        return true
    }

    /// Takes everything out that may be decided now.
    ///
    /// - Parameter entries: false while too little is known to take risk; exits never wait for that.
    mutating func take(entries: Bool) -> [Signal] {
        let due = waiting.values.filter { entries || $0.action == .exit }
        for signal in due { waiting[signal.id] = nil }
        return due.sorted {
            ($0.candleClose, $0.symbol, $0.strategy, $0.action.rawValue)
                < ($1.candleClose, $1.symbol, $1.strategy, $1.action.rawValue)
        }
    }
}
