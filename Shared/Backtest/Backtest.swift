package import Domain
import ExecutionCore
import MarketDataCore
import RiskManagerCore
import StrategyCore

/// Why a backtest cannot go on.
package enum BacktestError: Error, Equatable, Sendable {
    /// Bars have to come in the order of their opening.
    case outOfOrder(Symbol, Timestamp)
    case unknownInstrument(Symbol)
    /// The venue sold more than was held: a fault of this suite.
    case oversold(Symbol, Timestamp)
}

/// Runs the cores of the suite over recorded bars, in lock-step: what is decided at the close of a candle is at the venue that close
/// and the latency later, and meets the first print from then on.
///
/// As in the running suite, a candle is known to be final when the first print after it comes. So that print meets the orders that
/// rest at the venue first; then the candle is decided, at the prices before its close; then the new orders meet the same print.
///
/// Nothing depends on a clock, on the order of a dictionary or on how fast it runs: the same bars give the same bytes.
package struct Backtest: Sendable {
    package let setup: BacktestSetup
    package private(set) var books: BacktestBooks
    package private(set) var curve: EquityCurve
    /// Every signal, in order.
    package private(set) var signals: [Signal] = []
    /// How often each decision was made, by its code; `blocked_…` is what the last look before sending refused.
    package private(set) var decisions: [String: Int] = [:]
    /// The opening of the first bar and the close of the last.
    package private(set) var span: (from: Timestamp, to: Timestamp)?

    private var runner: StrategyRunner
    private var venue: PaperVenue
    private var builders: [Symbol: CandleBuilder] = [:]
    private let instruments: [Symbol: Instrument]
    /// As many as the venue of the running suite keeps.
    private static let keptPrints = 4096
    private var prices: [Symbol: PricePoint] = [:]
    /// Those before the newest: what other markets knew at a close that the newest print is already past.
    private var earlier: [Symbol: PricePoint] = [:]
    /// The newest print of each market, the one that is being taken included.
    private var seen: [Symbol: Price] = [:]
    private var deferred: [Signal] = []
    private var nextPrint: [Symbol: Int64] = [:]

    package init(_ setup: BacktestSetup) {
        self.setup = setup
        books = BacktestBooks(account: setup.account, deposit: setup.deposit)
        curve = EquityCurve(setup.deposit)
        runner = StrategyRunner(setup.instances)
        venue = PaperVenue(costs: setup.costs, instruments: setup.instruments, keptPrints: Self.keptPrints)
        instruments = Dictionary(setup.instruments.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        for symbol in instruments.keys { builders[symbol] = CandleBuilder(symbol: symbol) }
    }

    /// Takes the bars that open at one moment, one a symbol at most. Their prints meet the market in the order of time and symbol.
    ///
    /// - Throws: `BacktestError`.
    package mutating func take(_ bars: [Candle]) throws(BacktestError) {
        guard let first = bars.first else { return }
        for bar in bars {
            guard instruments[bar.symbol] != nil else { throw .unknownInstrument(bar.symbol) }
            guard bar.openTime >= span?.to ?? bar.openTime, bar.openTime == first.openTime else {
                throw .outOfOrder(bar.symbol, bar.openTime)
            }
        }
        let ordered = bars.sorted { $0.symbol < $1.symbol }
        for bar in ordered where !bar.volume.isPositive { try settle(bar) }
        for place in 0..<4 {
            for bar in ordered where bar.volume.isPositive {
                try take(BarPrints(bar, firstID: nextPrint[bar.symbol] ?? 1)[place])
            }
        }
        for bar in ordered where bar.volume.isPositive { nextPrint[bar.symbol, default: 1] += 4 }
        span = (span?.from ?? first.openTime, first.closeTime)
        curve.record(first.closeTime, cash: books.ledger.cash, equity: books.equity(at: prices))
    }

    /// The figures so far; what is still held counts at the last price.
    package var figures: RunFigures {
        let from = span?.from ?? .zero
        let to = span?.to ?? .zero
        let open = books.held.values.filter(\.isOpen).reduce(Int64(0)) { $0 + (to - $1.openedAt).nanoseconds }
        return RunFigures(
            curve: curve, start: setup.deposit, end: books.equity(at: prices), fees: books.ledger.fees,
            trades: books.trades, held: Timestamp.Span(nanoseconds: books.heldFor.nanoseconds + open), span: to - from)
    }

    /// A bar in which nothing was traded: its candle is the exchange's own.
    private mutating func settle(_ bar: Candle) throws(BacktestError) {
        var changes = CandleChanges()
        let minutes = bar.timeframe == .minute1 ? [bar] : []
        builders[bar.symbol]?.completed(through: bar.closeTime, into: &changes)
        builders[bar.symbol]?.answer(minutes, decided: bar.closeTime, into: &changes)
        for candle in changes.candles { try decide(candle) }
    }

    private mutating func take(_ print: Print) throws(BacktestError) {
        seen[print.symbol] = print.price
        for report in venue.handle(print) { try book(report) }
        try close(print)
        earlier[print.symbol] = prices[print.symbol]
        prices[print.symbol] = PricePoint(price: print.price, time: print.time)
        guard books.isOpen else { return }
        let equity = books.equity(at: prices)
        curve.mark(equity)
        books.marks.observe(profit: equity - setup.deposit, at: print.time)
    }

    /// Builds the candles: what is final with this print is decided.
    private mutating func close(_ print: Print) throws(BacktestError) {
        var changes = CandleChanges()
        builders[print.symbol]?.add(print, into: &changes)
        if let missing = builders[print.symbol]?.unanswered {
            // The file is all there is: what it does not have, nobody has.
            builders[print.symbol]?.answer([], decided: missing.upperBound, into: &changes)
        }
        for candle in changes.candles { try decide(candle) }
    }

    private mutating func decide(_ candle: Candle) throws(BacktestError) {
        for outcome in runner.take(candle) {
            switch outcome {
            case .signal(let signal):
                signals.append(signal)
                try decide(signal)
            case .stopped(let failure): decisions["strategy_stopped_\(failure.strategy)", default: 0] += 1
            }
        }
    }

    private mutating func decide(_ signal: Signal) throws(BacktestError) {
        let now = signal.candleClose
        let prices = prices(before: now)
        books.marks.observe(profit: books.equity(at: prices) - setup.deposit, at: now)
        let decision = policy(signal).decide(
            DecisionInput(
                signal: signal, account: books.snapshot, market: MarketSnapshot(prices: prices, time: now),
                instrument: instruments[signal.symbol], goals: [], now: now))
        decisions[decision.code, default: 0] += 1
        switch decision.outcome {
        case .approved(let approved): try send(approved)
        case .refused: break
        case .deferred: deferred.append(signal)
        }
    }

    /// The prices just before a moment.
    private func prices(before time: Timestamp) -> [Symbol: PricePoint] {
        var known = prices
        for (symbol, point) in prices where point.time >= time { known[symbol] = earlier[symbol] ?? point }
        return known
    }

    /// The owner's policy; a price may be as old as the distance of prints in bars that are wider than a minute.
    private func policy(_ signal: Signal) -> RiskPolicy {
        var policy = setup.policy
        let distance = Timestamp.Span(nanoseconds: signal.timeframe.span.nanoseconds / 60)
        policy.stalePriceAfter = max(policy.stalePriceAfter, distance)
        return policy
    }

    private mutating func send(_ approved: ApprovedOrder) throws(BacktestError) {
        let order = approved.order
        guard let instrument = instruments[order.symbol] else { return }
        let market = OrderGuard.Market(lastPrice: seen[order.symbol], age: Timestamp.Span(nanoseconds: 0))
        let quantity = books.held[order.symbol]?.position.quantity ?? .zero
        do throws(OrderGuard.Refusal) {
            try setup.checks.check(order, instrument: instrument, market: market, held: quantity)
        } catch {
            decisions["blocked_\(error.code)", default: 0] += 1
            return
        }
        if order.purpose.isReduceOnly {
            for exit in books.exits(of: order.symbol) { withdraw(exit.order.id, order.symbol) }
        }
        books.add(order, reserved: approved.reserved)
        for report in venue.place(order) ?? [] { try book(report) }
    }

    private mutating func book(_ report: PaperReport) throws(BacktestError) {
        switch report {
        case .cancelled(let id): books.remove(id)
        case .filled(let fill):
            let change: ExitChange
            do {
                change = try books.book(fill, lot: instruments[fill.symbol]?.lotSize ?? .zero)
            } catch { throw .oversold(fill.symbol, fill.time) }
            for id in change.withdraw { withdraw(id, fill.symbol) }
            if let set = change.place { try place(set, fill.symbol) }
            let waiting = deferred
            deferred = []
            for signal in waiting { try decide(signal) }
        }
    }

    private mutating func place(_ set: ExitSet, _ symbol: Symbol) throws(BacktestError) {
        for order in set.orders { books.add(order) }
        var reports: [PaperReport] = []
        if let stop = set.stop, let target = set.target {
            reports = venue.place(stop: stop, target: target) ?? []
        } else {
            for order in set.orders { reports += venue.place(order) ?? [] }
        }
        for report in reports { try book(report) }
    }

    private mutating func withdraw(_ id: String, _ symbol: Symbol) {
        for gone in venue.cancel(id, of: symbol) + [id] { books.remove(gone) }
    }
}
