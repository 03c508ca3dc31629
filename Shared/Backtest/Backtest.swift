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
    /// In the order of their symbols.
    private var markets: [BacktestMarket]
    private let places: [Symbol: Int]
    private var deferred: [Signal] = []
    /// The bars that are being taken, each with the place of its market; kept to be used again.
    private var turn: [(bar: Candle, place: Int)] = []
    /// Kept to be used again.
    private var changes = CandleChanges()
    /// The owner's policy. A bar's prints stand for all those between them: of bars wider than a minute the last one is as far
    /// before the close as a price may then be old. Bars of a minute are decided on as live.
    private var policy: RiskPolicy
    /// The end of the minute at which the losses are looked at next.
    private var nextLook = Timestamp.zero
    /// The cash at the last look.
    private var observedCash: Money?

    package init(_ setup: BacktestSetup) {
        self.setup = setup
        policy = setup.policy
        books = BacktestBooks(account: setup.account, deposit: setup.deposit)
        curve = EquityCurve(setup.deposit)
        runner = StrategyRunner(setup.instances)
        let runner = runner
        var seen: Set<Symbol> = []
        markets = setup.instruments.filter { seen.insert($0.symbol).inserted }.sorted { $0.symbol < $1.symbol }.map {
            BacktestMarket($0, costs: setup.costs, runner: runner)
        }
        places = Dictionary(uniqueKeysWithValues: markets.enumerated().map { ($1.symbol, $0) })
    }

    /// Takes the bars that open at one moment, one a symbol at most. Their prints meet the market in the order of time and symbol.
    ///
    /// - Throws: `BacktestError`.
    package mutating func take(_ bars: [Candle]) throws(BacktestError) {
        if bars.count == 1 { return try take(bars[0]) }
        guard let first = bars.first else { return }
        turn.removeAll(keepingCapacity: true)
        for bar in bars { turn.append((bar, try admit(bar, after: first.openTime))) }
        turn.sort { $0.place < $1.place }
        for (bar, place) in turn where !bar.volume.isPositive { try settle(bar, place) }
        for number in 0..<4 {
            for index in turn.indices where turn[index].bar.volume.isPositive {
                let place = turn[index].place
                try take(BarPrints(turn[index].bar, firstID: markets[place].nextPrint)[number], place)
            }
        }
        for index in turn.indices where turn[index].bar.volume.isPositive { markets[turn[index].place].nextPrint += 4 }
        record(first)
    }

    /// The same for the bar of a single market.
    ///
    /// - Throws: `BacktestError`.
    package mutating func take(_ bar: Candle) throws(BacktestError) {
        let place = try admit(bar, after: bar.openTime)
        if bar.volume.isPositive {
            let prints = BarPrints(bar, firstID: markets[place].nextPrint)
            for number in 0..<4 { try take(prints[number], place) }
            markets[place].nextPrint += 4
        } else {
            try settle(bar, place)
        }
        record(bar)
    }

    /// The place of a bar's market.
    private mutating func admit(_ bar: Candle, after open: Timestamp) throws(BacktestError) -> Int {
        guard let place = place(of: bar.symbol) else { throw .unknownInstrument(bar.symbol) }
        guard bar.openTime >= span?.to ?? bar.openTime, bar.openTime == open else {
            throw .outOfOrder(bar.symbol, bar.openTime)
        }
        let distance = Timestamp.Span(nanoseconds: bar.timeframe.span.nanoseconds / 60)
        if distance > policy.stalePriceAfter { policy.stalePriceAfter = distance }
        return place
    }

    /// The prints of all bars that open with `bar` are over.
    private mutating func record(_ bar: Candle) {
        span = (span?.from ?? bar.openTime, bar.closeTime)
        curve.record(bar.closeTime, cash: books.ledger.cash, equity: equity)
    }

    /// The figures so far; what is still held counts at the last price.
    package var figures: RunFigures {
        let from = span?.from ?? .zero
        let to = span?.to ?? .zero
        let open = books.held.values.filter(\.isOpen).reduce(Int64(0)) { $0 + (to - $1.openedAt).nanoseconds }
        return RunFigures(
            curve: curve, start: setup.deposit, end: equity, fees: books.ledger.fees, trades: books.trades,
            held: Timestamp.Span(nanoseconds: books.heldFor.nanoseconds + open), span: to - from)
    }

    private func place(of symbol: Symbol) -> Int? {
        // A run of one market, and the first of several, is found without hashing.
        if let first = markets.first, first.symbol == symbol { return 0 }
        return places[symbol]
    }

    /// Cash and what is held, at the last prices; what has none counts as its cost.
    private var equity: Money {
        // No closure here: it would take a copy of everything along.
        var sum = books.ledger.cash
        for held in books.holdings {
            let price = lastPrice(of: held.symbol)
            sum += price?.times(held.quantity) ?? held.cost
        }
        return sum
    }

    private func lastPrice(of symbol: Symbol) -> Price? {
        guard let place = place(of: symbol) else { return nil }
        return markets[place].price?.price
    }

    /// A bar in which nothing was traded: its candle is the exchange's own.
    private mutating func settle(_ bar: Candle, _ place: Int) throws(BacktestError) {
        var changes = CandleChanges()
        let minutes = bar.timeframe == .minute1 ? [bar] : []
        markets[place].builder.completed(through: bar.closeTime, into: &changes)
        markets[place].builder.answer(minutes, decided: bar.closeTime, into: &changes)
        for candle in changes.candles { try decide(candle, place) }
    }

    private mutating func take(_ print: Print, _ place: Int) throws(BacktestError) {
        if print.time >= nextLook { try observe(print.time.minute) }
        for report in markets[place].meet(print) { try book(report) }
        changes.candles.removeAll(keepingCapacity: true)
        changes.gaps.removeAll(keepingCapacity: true)
        markets[place].build(print, into: &changes)
        if !changes.candles.isEmpty {
            let candles = changes.candles
            for candle in candles { try decide(candle, place) }
        }
        markets[place].settle(print)
        if books.isOpen { curve.mark(equity) }
    }

    /// Looks at the losses at the end of a minute, as risk-manager does: before anything that comes after it.
    private mutating func observe(_ minute: Timestamp) throws(BacktestError) {
        nextLook = minute + .minutes(1)
        let cash = books.ledger.cash
        // What was sold within the minute is a loss too, though nothing is held at its end.
        guard
            !books.holdings.isEmpty || cash != observedCash
                || books.marks.day.map({ $0 < CivilDay(containing: minute) }) ?? true
        else { return }
        observedCash = cash
        let performance = Performance(
            cash: cash, held: equity - cash, reserved: .zero, netDeposits: setup.deposit, marks: books.marks,
            at: minute)
        books.marks = performance.marks
        books.breaches.removeAll { !$0.holds(at: minute) }
        let new = setup.policy.breaches(performance, goals: [], known: books.breaches, at: minute)
        books.breaches += new
        for breach in new {
            decisions["breached_\(breach.limit.rawValue)", default: 0] += 1
            if breach.action != .refuse { try reduce(because: breach) }
        }
    }

    private mutating func reduce(because breach: Breach) throws(BacktestError) {
        let instruments = Dictionary(
            markets.map { ($0.symbol, $0.instrument) }, uniquingKeysWith: { first, _ in first })
        let orders = setup.policy.flatten(
            books.snapshot, command: breach.id(account: setup.account), reason: breach.description,
            prices: prices(before: breach.since), instruments: instruments, action: breach.action, at: breach.since,
            attempt: { _ in 0 })
        for case .approved(let approved) in orders.map(\.outcome) { try send(approved) }
    }

    private mutating func decide(_ candle: Candle, _ place: Int) throws(BacktestError) {
        guard let seat = markets[place].seats[candle.timeframe] else { return }
        for outcome in runner.take(candle, at: seat) {
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
        let account = books.snapshot
        let decision = policy.decide(
            DecisionInput(
                signal: signal, account: account, atClose: account.before(books.laterFills(from: now)),
                market: MarketSnapshot(prices: prices, time: now), instrument: market(signal.symbol)?.instrument,
                goals: [], now: now))
        decisions[decision.code, default: 0] += 1
        switch decision.outcome {
        case .approved(let approved): try send(approved)
        case .refused: break
        case .deferred, .awaitingPrice: deferred.append(signal)
        }
    }

    /// The prices just before a moment.
    private func prices(before time: Timestamp) -> [Symbol: PricePoint] {
        var known: [Symbol: PricePoint] = [:]
        for market in markets { known[market.symbol] = market.price(before: time) }
        return known
    }

    private func market(_ symbol: Symbol) -> BacktestMarket? { place(of: symbol).map { markets[$0] } }

    private mutating func send(_ approved: ApprovedOrder) throws(BacktestError) {
        let order = approved.order
        guard let place = place(of: order.symbol) else { return }
        let instrument = markets[place].instrument
        // History has no quotes: an order is taken to trade at the last print, so the distance between the two never refuses it here.
        let market = OrderGuard.Market(
            lastPrice: markets[place].seen, age: Timestamp.Span(nanoseconds: 0), quote: .printsOnly)
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
        for report in markets[place].venue.place(order) { try book(report) }
    }

    private mutating func book(_ report: PaperReport) throws(BacktestError) {
        switch report {
        case .cancelled(let id): books.remove(id)
        case .filled(let fill):
            let change: ExitChange
            do {
                change = try books.book(fill, lot: market(fill.symbol)?.instrument.lotSize ?? .zero)
            } catch { throw .oversold(fill.symbol, fill.time) }
            for id in change.withdraw { withdraw(id, fill.symbol) }
            if let set = change.place { try place(set, fill.symbol) }
            let waiting = deferred
            deferred = []
            for signal in waiting { try decide(signal) }
        }
    }

    private mutating func place(_ set: ExitSet, _ symbol: Symbol) throws(BacktestError) {
        guard let place = place(of: symbol) else { return }
        for order in set.orders { books.add(order) }
        var reports: [PaperReport] = []
        if let stop = set.stop, let target = set.target {
            reports = markets[place].venue.place(stop: stop, target: target)
        } else {
            for order in set.orders { reports += markets[place].venue.place(order) }
        }
        for report in reports { try book(report) }
    }

    private mutating func withdraw(_ id: String, _ symbol: Symbol) {
        guard let place = place(of: symbol) else { return }
        for gone in markets[place].venue.cancel(id) + [id] { books.remove(gone) }
    }
}
