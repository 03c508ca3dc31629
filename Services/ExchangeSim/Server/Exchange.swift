import Domain
import Exchanges
import NIOCore
import ServiceKit

/// The whole stand-in exchange: market, venue, clients and faults. Used on one event loop only, so that everything
/// happens in one order.
final class Exchange {
    let settings: ExchangeSettings
    let loop: any EventLoop
    let streams: Streams
    let meters: Meters
    private(set) var tapes: [Symbol: Tape]
    var venue: Venue
    var faults: Faults
    var clock: ExchangeClock
    var weight: WeightCounter
    /// Key of a user data stream → whose, and until when (wall clock).
    var listenKeys: [String: (account: Int, until: Timestamp)] = [:]
    private var feed: MarketFeed
    private let ticks: [Symbol: Price]
    private let wallClock: @Sendable () -> Timestamp
    private var updateID: Int64 = 0
    private var emitted = 0
    private var isPumping = false
    private var isChanged = false

    /// - Parameter opened: the monotonic clock when it was `market.start` at the exchange.
    init(
        _ settings: ExchangeSettings, market: PreparedMarket, opened: Timestamp, loop: any EventLoop, meters: Meters,
        wallClock: @escaping @Sendable () -> Timestamp
    ) {
        self.settings = settings
        self.loop = loop
        self.meters = meters
        self.wallClock = wallClock
        self.streams = Streams(loop: loop)
        self.tapes = market.tapes
        self.feed = market.feed
        self.ticks = Dictionary(
            market.instruments.map { ($0.symbol, $0.tickSize) }, uniquingKeysWith: { first, _ in first })
        self.faults = Faults(seed: settings.seed)
        self.clock = ExchangeClock(start: market.start, pace: settings.pace, monotonic: opened)
        self.weight = WeightCounter(limit: settings.weightLimit)
        self.venue = Venue(
            market.instruments, accounts: settings.accounts.map { Balances($0.balances) }, rules: settings.rules,
            firstTradeID: market.start.milliseconds)
        for tape in market.tapes.values {
            guard let last = tape.lastPrint else { continue }
            venue.take(last, quote: tape.quote, now: last.time)
        }
    }

    static var monotonic: Timestamp { Timestamp(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }

    /// The machine's clock.
    var wallNow: Timestamp { wallClock() }
    /// The exchange's clock.
    var now: Timestamp { clock.now(Self.monotonic) }
    /// When the next thing happens in the market; nil at the end of a recording.
    var nextTime: Timestamp? { feed.nextTime }
    var instruments: [Instrument] { venue.markets.values.map(\.instrument).sorted { $0.symbol < $1.symbol } }

    /// A market's tape, with the minutes that are over.
    func tape(_ symbol: Symbol) -> Tape? {
        tapes[symbol]?.roll(to: now)
        return tapes[symbol]
    }

    /// Lets the market come up to the exchange's time; called again and again.
    func tick() {
        guard !isPumping, case .running = clock.pace else { return }
        isPumping = true
        pump(through: now, patience: 0, done: nil)
    }

    /// Moves a standing exchange on to a moment; succeeds with the number of market items once all are sent.
    func advance(to time: Timestamp) -> EventLoopFuture<Int> {
        let promise = loop.makePromise(of: Int.self)
        guard !isPumping else {
            promise.fail(AdvanceRefused())
            return promise.futureResult
        }
        isPumping = true
        emitted = 0
        pump(through: max(time, now), patience: Self.patience, done: promise)
        return promise.futureResult
    }

    /// The exchange is moving already.
    struct AdvanceRefused: Error {}

    private static let batch = 500
    private static let patience = 5000

    /// Emits a batch, lets others have their turn, and goes on. While a client is behind it waits in steps of 2 ms,
    /// `patience` of them; then the client is cut off.
    private func pump(through limit: Timestamp, patience: Int, done: EventLoopPromise<Int>?) {
        if streams.isAnyBehind {
            if patience > 0 { return again(in: .milliseconds(2), limit, patience - 1, done) }
            streams.closeSlow()
        }
        for _ in 0..<Self.batch {
            guard let item = feed.next(through: limit) else { return finish(limit, done) }
            emit(item)
        }
        streams.flush()
        again(in: .nanoseconds(0), limit, done == nil ? 0 : Self.patience, done)
    }

    private func again(in delay: TimeAmount, _ limit: Timestamp, _ patience: Int, _ done: EventLoopPromise<Int>?) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: delay) { bound.value.pump(through: limit, patience: patience, done: done) }
    }

    private func finish(_ limit: Timestamp, _ done: EventLoopPromise<Int>?) {
        streams.flush()
        isPumping = false
        if done != nil { clock.move(to: limit, Self.monotonic) }
        done?.succeed(emitted)
    }

    private func emit(_ original: FeedItem) {
        let item = faults.distort(original, ticks)
        tapes.take(item)
        emitted += 1
        if clock.pace == .stepped { clock.move(to: item.time, Self.monotonic) }
        switch item.body {
        case .trade(let print, let quote):
            meters.prints.increment()
            publish(print, at: item.time)
            if let quote { publish(quote) }
            venue.take(print, quote: quote, now: item.time)
            tellClients()
        case .quote(let quote):
            venue.take(quote)
            publish(quote)
        case .emptyBar: break
        }
    }

    private func publish(_ print: Print, at time: Timestamp) {
        let name = print.symbol.name.lowercased()
        send("\(name)@trade", print.symbol) { Messages.trade(print, at: time) }
        send("\(name)@aggTrade", print.symbol) { Messages.aggregate(print, at: time) }
    }

    private func publish(_ quote: Quote) {
        updateID += 1
        send("\(quote.symbol.name.lowercased())@bookTicker", quote.symbol) {
            Messages.bookTicker(quote, updateID: updateID)
        }
    }

    private func send(_ stream: String, _ symbol: Symbol, _ text: () -> String) {
        guard streams.hasSubscribers(stream) else { return }
        let wall = wallNow
        streams.publish(
            stream, text(), faults.delivery(symbol, now: wall), lagMilliseconds: faults.lag(now: wall))
    }

    /// Keeps the venue's state, when it has changed since the last time.
    func save() {
        guard isChanged, let path = settings.stateFile else { return }
        do {
            try StateFile(path: path).save(venue.snapshot)
            isChanged = false
        } catch {
            meters.stateFailures.increment()
        }
    }

    /// Sends what happened to orders and balances to those it concerns.
    func tellClients() {
        let events = venue.takeEvents()
        guard !events.isEmpty else { return }
        isChanged = true
        for event in events {
            if case .order(_, "TRADE", _, _) = event {
                meters.fills.increment()
                if faults.losesFill() { continue }
            }
            let keys = listenKeys.filter { $0.value.account == event.account }.keys.sorted()
            streams.tell(account: event.account, Messages.event(event, venue), key: keys.first ?? "")
        }
        streams.flush()
    }
}

extension Balances {
    /// What an account has at the start.
    init(_ amounts: [String: Money]) {
        self.init()
        for (asset, amount) in amounts.sorted(by: { $0.key < $1.key }) { add(amount, of: asset) }
    }
}
