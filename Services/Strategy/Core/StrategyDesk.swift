package import Domain

/// A market that strategies look at.
package struct Market: Hashable, Comparable, Sendable {
    package let symbol: Symbol
    package let timeframe: Timeframe

    package init(symbol: Symbol, timeframe: Timeframe) {
        self.symbol = symbol
        self.timeframe = timeframe
    }

    package static func < (left: Market, right: Market) -> Bool {
        (left.symbol.name, left.timeframe.span) < (right.symbol.name, right.timeframe.span)
    }
}

/// How far one strategy got on one symbol: a row of `strategy_instances`.
package struct StrategyProgress: Hashable, Sendable {
    package let strategy: String
    package let symbol: Symbol
    /// Every signal up to this close is booked by risk-manager, or was an entry that is too old; zero before the first.
    package let lastClose: Timestamp
    /// Why it was stopped; nil while it runs.
    package let failure: String?
}

/// Keeps the strategies going: which candle comes next, which signals nobody has booked, from where to begin after a restart.
///
/// A candle from the bus is taken only where it follows the one before; whether a hole is a hole, the table of candles decides.
package struct StrategyDesk: Sendable {
    /// What a candle led to.
    package struct Outcome: Sendable {
        /// To be published now, in order.
        package var signals: [Signal] = []
        package var failures: [StrategyFailure] = []
        /// The strategies that were asked.
        package var evaluated: [String] = []
        /// The candle does not follow the last: read the table.
        package var needsTable = false
        /// The candle cannot be true and was not taken.
        package var refused: Implausible?
    }

    private struct Seat {
        let strategy: String
        let symbol: Symbol
        let market: Market
        /// Closes up to this one are evaluated; nil until it is known where a new instance begins.
        var lastClose: Timestamp?
        var failure: String?
        /// Published and not booked yet, oldest first.
        var unanswered: [Signal] = []
    }

    /// Most signals of one strategy and symbol that wait for risk-manager; older ones go first.
    package static let unansweredMax = 200

    private var runner: StrategyRunner
    private var seats: [Seat]
    private let windows: [Market: Int]
    private var newest: [Market: Timestamp] = [:]

    package init(_ instances: [StrategyInstance]) {
        runner = StrategyRunner(instances)
        var windows: [Market: Int] = [:]
        seats = []
        for instance in instances.sorted(by: { $0.id < $1.id }) {
            for symbol in instance.symbols.sorted() {
                let market = Market(symbol: symbol, timeframe: instance.timeframe)
                windows[market] = max(windows[market] ?? 0, instance.rule.window)
                seats.append(Seat(strategy: instance.id, symbol: symbol, market: market))
            }
        }
        self.windows = windows
    }

    /// The markets that candles are wanted of.
    package var markets: [Market] { windows.keys.sorted() }

    /// Those of which no candle was taken yet.
    package var unseen: [Market] { markets.filter { newest[$0] == nil } }

    /// Where `strategy` got to before the restart. Without it, or at zero, it begins with the first candle that comes live.
    package mutating func restore(_ strategy: String, _ symbol: Symbol, lastClose: Timestamp) {
        guard lastClose > .zero, let index = seat(strategy, symbol) else { return }
        seats[index].lastClose = lastClose
    }

    /// The open time from which the table is to be read.
    ///
    /// - Parameter last: of the newest candle in the table; nil when there is none.
    package func start(of market: Market, last: Timestamp?) -> Timestamp {
        let span = market.timeframe.span.nanoseconds
        let window = Timestamp.Span(nanoseconds: span * Int64((windows[market] ?? 1) + 1))
        if let newest = newest[market] { return newest - window }
        let closes = seats.filter { $0.market == market }.compactMap(\.lastClose)
        guard let from = [closes.min(), last].compactMap(\.self).min() else { return .zero }
        return from - window
    }

    /// Takes a final candle from the bus.
    ///
    /// - Parameter clock: our own.
    package mutating func takeLive(_ candle: Candle, clock: Timestamp) -> Outcome {
        let market = Market(symbol: candle.symbol, timeframe: candle.timeframe)
        guard candle.isFinal, windows[market] != nil else { return Outcome() }
        if let reason = candle.implausible(clock: clock, newest: newest[market] ?? .zero) {
            return Outcome(refused: reason)
        }
        for index in seats.indices where seats[index].market == market && seats[index].lastClose == nil {
            seats[index].lastClose = candle.openTime
        }
        guard let newest = newest[market], candle.openTime <= newest + market.timeframe.span else {
            return Outcome(needsTable: true)
        }
        return take(candle, market)
    }

    /// Takes candles from the table, oldest first: what is missing between them does not exist.
    package mutating func takeStored(_ candles: [Candle]) -> Outcome {
        var outcome = Outcome()
        for candle in candles where candle.isFinal {
            let market = Market(symbol: candle.symbol, timeframe: candle.timeframe)
            guard windows[market] != nil else { continue }
            let one = take(candle, market)
            outcome.signals += one.signals
            outcome.failures += one.failures
            outcome.evaluated += one.evaluated
        }
        return outcome
    }

    /// Signals that are not known to be booked, oldest first, without the entries whose time is over.
    package mutating func unanswered() -> [Signal] {
        for index in seats.indices {
            guard let newest = newest[seats[index].market] else { continue }
            seats[index].unanswered.removeAll { $0.action == .enter && $0.candleClose <= newest }
            let excess = seats[index].unanswered.count - Self.unansweredMax
            if excess > 0 { seats[index].unanswered.removeFirst(excess) }
        }
        return seats.flatMap(\.unanswered).sorted {
            ($0.candleClose, $0.symbol, $0.strategy) < ($1.candleClose, $1.symbol, $1.strategy)
        }
    }

    /// These signals are booked.
    package mutating func answered(_ ids: Set<String>) {
        for index in seats.indices { seats[index].unanswered.removeAll { ids.contains($0.id) } }
    }

    /// How far each strategy is, by strategy and symbol.
    package var progress: [StrategyProgress] {
        seats.map { seat in
            let open = seat.unanswered.first.map { $0.candleClose - seat.market.timeframe.span }
            return StrategyProgress(
                strategy: seat.strategy, symbol: seat.symbol,
                lastClose: [open, seat.lastClose].compactMap(\.self).min() ?? .zero, failure: seat.failure)
        }
    }

    private func seat(_ strategy: String, _ symbol: Symbol) -> Int? {
        seats.firstIndex { $0.strategy == strategy && $0.symbol == symbol }
    }

    private mutating func take(_ candle: Candle, _ market: Market) -> Outcome {
        var outcome = Outcome()
        let isNew = newest[market].map { candle.openTime > $0 } ?? true
        if isNew {
            newest[market] = candle.openTime
            outcome.evaluated = runner.running(candle.symbol, candle.timeframe)
        }
        for result in runner.take(candle) {
            switch result {
            case .signal(let signal): book(signal, into: &outcome)
            case .stopped(let failure):
                outcome.failures.append(failure)
                if let index = seat(failure.strategy, failure.symbol) { seats[index].failure = failure.reason }
            }
        }
        guard isNew else { return outcome }
        for index in seats.indices where seats[index].market == market && seats[index].failure == nil {
            if let last = seats[index].lastClose { seats[index].lastClose = max(last, candle.closeTime) }
        }
        return outcome
    }

    private mutating func book(_ signal: Signal, into outcome: inout Outcome) {
        guard let index = seat(signal.strategy, signal.symbol), let last = seats[index].lastClose,
            signal.candleClose > last
        else { return }
        seats[index].unanswered.append(signal)
        outcome.signals.append(signal)
    }
}
