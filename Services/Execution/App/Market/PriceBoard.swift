import Domain
import ExecutionCore
import ServiceKit
import Synchronization

/// The newest print and quote of each market, and the exchange's clock as read from the prints.
final class PriceBoard: Sendable {
    private struct Entry {
        var price: Price
        var time: Timestamp
    }

    private struct State {
        var entries: [Symbol: Entry] = [:]
        /// The newest quotes, and when they were heard: they carry no time of their own.
        var quotes: [Symbol: (quote: Quote, at: ContinuousClock.Instant)] = [:]
        var newest: (time: Timestamp, at: ContinuousClock.Instant)?
    }

    private let state = Mutex(State())
    private let wallClock: @Sendable () -> Timestamp

    init(wallClock: @escaping @Sendable () -> Timestamp) { self.wallClock = wallClock }

    /// Takes prints in, oldest first.
    func note(_ prints: [Print]) {
        guard let last = prints.last else { return }
        let at = ContinuousClock.now
        state.withLock { state in
            if last.time >= state.entries[last.symbol]?.time ?? .zero {
                state.entries[last.symbol] = Entry(price: last.price, time: last.time)
            }
            if last.time >= state.newest?.time ?? .zero { state.newest = (last.time, at) }
        }
    }

    /// Takes the newest quote of a market in.
    func note(_ quote: Quote) { state.withLock { $0.quotes[quote.symbol] = (quote, .now) } }

    /// Our own clock.
    var clock: Timestamp { wallClock() }

    /// The exchange time of the newest print; nil before the first.
    var newest: Timestamp? { state.withLock { $0.newest?.time } }

    /// Exchange time: that of the newest print, run on by our own clock while it is silent; wall time before the first.
    var now: Timestamp {
        guard let newest = state.withLock({ $0.newest }) else { return wallClock() }
        return newest.time + (ContinuousClock.now - newest.at).span
    }

    func market(_ symbol: Symbol) -> OrderGuard.Market {
        let (entry, heard) = state.withLock { ($0.entries[symbol], $0.quotes[symbol]) }
        let quote =
            heard.map { OrderGuard.BestQuote.known($0.quote, age: (ContinuousClock.now - $0.at).span) } ?? .missing
        guard let entry else { return OrderGuard.Market(lastPrice: nil, age: .seconds(0), quote: quote) }
        return OrderGuard.Market(lastPrice: entry.price, age: now - entry.time, quote: quote)
    }
}
