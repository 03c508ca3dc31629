package import Domain

/// A strategy as the owner set it up: one rule over several symbols.
package struct StrategyInstance: Sendable {
    /// Such as `momentum-1m`; signals and accounts name it.
    package let id: String
    package let kind: StrategyKind
    package let timeframe: Timeframe
    package let symbols: [Symbol]
    /// As they were written, for the record.
    package let parameters: [String: String]
    package let rule: any Strategy

    package init(
        id: String, kind: StrategyKind, timeframe: Timeframe, symbols: [Symbol], parameters: [String: String],
        rule: any Strategy
    ) {
        self.id = id
        self.kind = kind
        self.timeframe = timeframe
        self.symbols = symbols
        self.parameters = parameters
        self.rule = rule
    }
}

/// A strategy that could not decide and was stopped on one symbol.
package struct StrategyFailure: Hashable, Sendable {
    package let strategy: String
    package let symbol: Symbol
    package let timeframe: Timeframe
    /// The close of the candle it failed at.
    package let candleClose: Timestamp
    package let reason: String
}

/// Runs every strategy instance on every one of its symbols.
///
/// One that throws is stopped on that symbol and reported once; all the others go on. Signals of one candle come in the order of
/// the instances' ids.
package struct StrategyRunner: Sendable {
    /// What came of a candle for one instance.
    package enum Outcome: Hashable, Sendable {
        case signal(Signal)
        /// Stopped; it gets no candles any more.
        case stopped(StrategyFailure)
    }

    private struct Market: Hashable {
        let symbol: Symbol
        let timeframe: Timeframe
    }

    fileprivate struct Member {
        let strategy: String
        var series: StrategySeries
        var isRunning = true
    }

    /// Where in `members` those of a market are.
    private var places: [Market: Int] = [:]
    private var members: [[Member]] = []

    package init(_ instances: [StrategyInstance]) {
        for instance in instances.sorted(by: { $0.id < $1.id }) {
            for symbol in instance.symbols {
                let market = Market(symbol: symbol, timeframe: instance.timeframe)
                let place = places[market] ?? members.count
                if place == members.count {
                    places[market] = place
                    members.append([])
                }
                members[place].append(
                    Member(
                        strategy: instance.id, series: StrategySeries(instance.rule, timeframe: instance.timeframe)))
            }
        }
    }

    /// The place of a market for `take(_:at:)`, which stays the same; nil when no strategy wants its candles.
    package func place(of symbol: Symbol, _ timeframe: Timeframe) -> Int? {
        places[Market(symbol: symbol, timeframe: timeframe)]
    }

    /// Takes a final candle; a forming one is ignored.
    ///
    /// - Returns: the signals at its close and the instances that failed at it.
    package mutating func take(_ candle: Candle) -> [Outcome] {
        place(of: candle.symbol, candle.timeframe).map { take(candle, at: $0) } ?? []
    }

    /// The same for a candle of the market at `place`.
    package mutating func take(_ candle: Candle, at place: Int) -> [Outcome] {
        guard candle.isFinal else { return [] }
        let bar = Bar(candle)
        var outcomes: [Outcome] = []
        for index in members[place].indices {
            if let outcome = members[place][index].take(bar, of: candle) { outcomes.append(outcome) }
        }
        return outcomes
    }

    /// The open time of the newest candle that `strategy` took of this market; nil before the first.
    package func newest(_ strategy: String, _ symbol: Symbol, _ timeframe: Timeframe) -> Timestamp? {
        self[symbol, timeframe].first { $0.strategy == strategy }?.series.newest
    }

    /// How many strategies a candle of this market is evaluated by.
    package func running(_ symbol: Symbol, _ timeframe: Timeframe) -> [String] {
        self[symbol, timeframe].filter(\.isRunning).map(\.strategy)
    }

    private subscript(symbol: Symbol, timeframe: Timeframe) -> [Member] {
        place(of: symbol, timeframe).map { members[$0] } ?? []
    }
}

extension StrategyRunner.Member {
    fileprivate mutating func take(_ bar: Bar, of candle: Candle) -> StrategyRunner.Outcome? {
        guard isRunning else { return nil }
        do {
            guard let intent = try series.take(bar) else { return nil }
            return .signal(
                Signal(intent, strategy: strategy, symbol: candle.symbol, timeframe: candle.timeframe, bar: bar))
        } catch {
            isRunning = false
            return .stopped(
                StrategyFailure(
                    strategy: strategy, symbol: candle.symbol, timeframe: candle.timeframe,
                    candleClose: candle.closeTime, reason: String(describing: error)))
        }
    }
}
