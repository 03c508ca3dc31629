import Domain
import Exchanges
import MarketDataCore
import ServiceKit
import Synchronization

/// Where everything about one market comes together: its feed behind a lock, and what comes of it, handed on in order.
final class SymbolDesk: Sendable {
    private struct State {
        var feed: SymbolFeed
        var pending = Pending()
        /// Somebody hands on what is pending; whoever comes meanwhile leaves it to them.
        var isDelivering = false
        var delivered = ContinuousClock.now
        var lastPrint: Timestamp?
        var formingChanged = false
        var trouble: String?
    }

    /// What waits to be handed on.
    private struct Pending {
        var prints: [Print] = []
        var oldest: ContinuousClock.Instant?
        var quote: Quote?
        var candles: [Candle] = []
        var gaps: [CandleGap] = []
        var state: SourceState?
    }

    /// More prints than this are not kept back for a batch.
    static let batchLimit = 100
    /// Prints wait for each other no longer than this.
    static let batchPatience = Duration.milliseconds(20)

    let symbol: Symbol
    private let state: Mutex<State>
    private let clock: FeedClock
    private let publisher: MarketPublisher
    private let store: CandleStore
    private let figures: SymbolFigures

    init(
        _ symbol: Symbol, limits: SymbolFeed.Limits, clock: FeedClock, publisher: MarketPublisher, store: CandleStore,
        figures: SymbolFigures
    ) {
        self.symbol = symbol
        self.state = Mutex(State(feed: SymbolFeed(symbol: symbol, limits: limits)))
        self.clock = clock
        self.publisher = publisher
        self.store = store
        self.figures = figures
    }

    /// Takes a print from the connection.
    func receive(_ print: Print) {
        let moment = clock.moment
        act { $0.receive(print, at: moment, into: &$1) }
    }

    /// Takes the best bid and ask; only the newest is published. One that cannot be true is left out.
    ///
    /// - Returns: false when it was left out.
    func receive(_ ticker: BinanceBookTicker) -> Bool {
        let moment = clock.moment
        return state.withLock { state in
            state.feed.received(at: moment)
            guard ticker.bid.isPositive, ticker.ask > ticker.bid, let time = state.lastPrint else {
                return ticker.bid.isPositive && ticker.ask > ticker.bid
            }
            state.pending.quote = ticker.quote(at: time)
            return true
        }
    }

    /// The connection stands.
    func connected() {
        let moment = clock.moment
        act { $0.connected(at: moment, into: &$1) }
    }

    /// The connection is gone.
    func disconnected(_ reason: String) {
        let moment = clock.moment
        act { $0.disconnected(reason, at: moment, into: &$1) }
    }

    /// Time passed. `forming`: the candles that still change are to be published when they did.
    func tick(forming: Bool) {
        let moment = clock.moment
        let candles = act { feed, changes in feed.tick(at: moment, into: &changes) }
        guard forming, candles else { return }
        let changing = state.withLock { state in
            state.formingChanged = false
            return state.feed.candles.formingCandles
        }
        for candle in changing { publisher.publish(candle) }
    }

    /// Publishes what has waited long enough for company.
    func flush() { deliver(due: true) }

    /// The next question for the exchange, when there is one.
    func nextRequest() -> FeedRequest? {
        let moment = clock.moment
        return state.withLock { $0.feed.nextRequest(at: moment) }
    }

    /// A question was answered.
    func answered(_ body: (inout SymbolFeed, FeedMoment, inout FeedChanges) -> Void) {
        let moment = clock.moment
        state.withLock { $0.trouble = nil }
        act { body(&$0, moment, &$1) }
    }

    /// A question could not be answered.
    func failed(_ reason: String) {
        let moment = clock.moment
        state.withLock { state in
            state.trouble = reason
            state.feed.failed(at: moment)
        }
    }

    /// The source's state as others are told it, and why history cannot be had, if so.
    func report() -> (state: SourceState, trouble: String?) {
        let moment = clock.moment
        let (health, gapOpen, trouble) = state.withLock { state in
            let isStarted = state.feed.candles.next != nil
            return (
                state.feed.health, state.feed.isGapOpen,
                state.trouble ?? (isStarted ? nil : "its history is not filled yet")
            )
        }
        figures.connected.set(health.isConnected)
        figures.stale.set(health.isStale(at: moment.uptime))
        figures.lag.set(Double(health.lag.nanoseconds) / 1e9)
        figures.age.set(Double(health.silence(at: moment.uptime)?.nanoseconds ?? 0) / 1e9)
        figures.gaps.raise(to: Double(health.gaps))
        return (health.state(gapOpen: gapOpen, at: moment.uptime), trouble)
    }

    /// Runs a step of the feed and hands on what comes of it.
    ///
    /// - Returns: whether forming candles have changed since they were last published.
    @discardableResult
    private func act(_ body: (inout SymbolFeed, inout FeedChanges) -> Void) -> Bool {
        var changes = FeedChanges()
        let changed = state.withLock { state in
            body(&state.feed, &changes)
            Self.collect(changes, into: &state)
            return state.formingChanged
        }
        for refused in changes.refused { figures.refused[refused.reason]?.increment() }
        if !changes.prints.isEmpty { figures.prints.increment(by: Double(changes.prints.count)) }
        deliver(due: false)
        return changed
    }

    private static func collect(_ changes: FeedChanges, into state: inout State) {
        if let last = changes.prints.last {
            if state.pending.oldest == nil { state.pending.oldest = .now }
            state.pending.prints += changes.prints
            state.lastPrint = last.time
            state.formingChanged = true
        }
        state.pending.candles += changes.candles.candles
        state.pending.gaps += changes.candles.gaps
        if let told = changes.state { state.pending.state = told }
    }

    /// Hands on what is pending, in order, unless somebody is at it already.
    private func deliver(due: Bool) {
        var due = due
        while let batch = state.withLock({ Self.take(&$0, due: due) }) {
            hand(on: batch)
            state.withLock { $0.isDelivering = false }
            due = false
        }
    }

    private static func take(_ state: inout State, due: Bool) -> Pending? {
        guard !state.isDelivering else { return nil }
        let pending = state.pending
        let waited = pending.oldest.map { ContinuousClock.now - $0 >= batchPatience } ?? false
        let urgent =
            !pending.candles.isEmpty || !pending.gaps.isEmpty || pending.state != nil
            || pending.prints.count >= batchLimit || waited || isAlone(pending, since: state.delivered)
        guard urgent || (due && (pending.quote != nil || !pending.prints.isEmpty)) else { return nil }
        state.pending = Pending()
        state.isDelivering = true
        state.delivered = .now
        return pending
    }

    /// A print after a pause does not wait for company: where little is traded, nothing is gained by it.
    private static func isAlone(_ pending: Pending, since delivered: ContinuousClock.Instant) -> Bool {
        !pending.prints.isEmpty && ContinuousClock.now - delivered >= batchPatience
    }

    private func hand(on batch: Pending) {
        publisher.publish(batch.prints, of: symbol, oldest: batch.oldest)
        if let last = batch.prints.last { figures.price.set(last.price.approximate) }
        if let quote = batch.quote { publisher.publish(quote) }
        for candle in batch.candles {
            figures.finals[candle.timeframe]?.increment()
            publisher.publish(candle)
        }
        store.add(batch.candles)
        for gap in batch.gaps { store.add(gap) }
        if let state = batch.state { publisher.publish(state, of: symbol) }
    }
}
