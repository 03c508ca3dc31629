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
        var series: any Series
        var isRunning = true
    }

    private var members: [Market: [Member]] = [:]

    package init(_ instances: [StrategyInstance]) {
        for instance in instances.sorted(by: { $0.id < $1.id }) {
            for symbol in instance.symbols {
                let series = Self.series(instance.rule, instance.timeframe)
                members[Market(symbol: symbol, timeframe: instance.timeframe), default: []].append(
                    Member(strategy: instance.id, series: series))
            }
        }
    }

    /// Takes a final candle; a forming one is ignored.
    ///
    /// - Returns: the signals at its close and the instances that failed at it.
    package mutating func take(_ candle: Candle) -> [Outcome] {
        let market = Market(symbol: candle.symbol, timeframe: candle.timeframe)
        guard candle.isFinal, let indices = members[market]?.indices else { return [] }
        let bar = Bar(candle)
        return indices.compactMap { members[market]?[$0].take(bar, of: candle) }
    }

    /// The open time of the newest candle that `strategy` took of this market; nil before the first.
    package func newest(_ strategy: String, _ symbol: Symbol, _ timeframe: Timeframe) -> Timestamp? {
        members[Market(symbol: symbol, timeframe: timeframe)]?.first { $0.strategy == strategy }?.series.newest
    }

    /// How many strategies a candle of this market is evaluated by.
    package func running(_ symbol: Symbol, _ timeframe: Timeframe) -> [String] {
        members[Market(symbol: symbol, timeframe: timeframe)]?.filter(\.isRunning).map(\.strategy) ?? []
    }

    private static func series(_ rule: some Strategy, _ timeframe: Timeframe) -> any Series {
        StrategySeries(rule, timeframe: timeframe)
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

/// A `StrategySeries` of whatever rule.
fileprivate protocol Series: Sendable {
    var newest: Timestamp? { get }
    mutating func take(_ bar: Bar) throws -> Intent?
}

extension StrategySeries: Series {}
