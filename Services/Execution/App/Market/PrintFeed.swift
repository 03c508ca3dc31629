import Domain
import Logging
import ServiceKit

/// The prints of one market without holes: from the bus, and from the exchange where the bus has left some out or is silent
/// while an order or a protective exit waits for a price. Late prints are handed on apart from the others.
actor PrintFeed {
    /// Where the prints go.
    struct Sink: Sendable {
        /// Prints newer than all before.
        let take: @Sendable ([Print]) -> Void
        /// Prints that were missed, oldest first; some may come again.
        let makeUp: @Sendable ([Print]) async -> Void
        /// Somebody waits for a price that only prints bring.
        let isNeeded: @Sendable () -> Bool
    }

    /// A stretch without prints that is to be asked for.
    private struct Hole {
        var from: Timestamp
        var before: Timestamp
    }

    let symbol: Symbol
    private let history: MarketHistory
    private let sink: Sink
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let missing: Gauge
    private let asked: Counter
    private var last: (id: Int64, time: Timestamp)?
    private var hole: Hole?
    private var heardAt = ContinuousClock.now
    private var nextTry = ContinuousClock.now
    private var failures = 0

    /// After so long without a print the exchange is asked for them.
    static let patience = Duration.seconds(3)

    init(
        _ symbol: Symbol, history: MarketHistory, sink: Sink, metrics: Metrics, logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.symbol = symbol
        self.history = history
        self.sink = sink
        self.logger = logger
        self.now = now
        missing = metrics.gauge(
            "plimsoll_prints_missing", "1 while prints are known to be missing and could not be fetched yet.",
            labels: ["symbol": symbol.name])
        asked = metrics.counter(
            "plimsoll_prints_asked_for_total", "Prints that the bus did not bring and the exchange was asked for.",
            labels: ["symbol": symbol.name])
    }

    /// Everything up to a print is known to those who listen.
    func known(through print: Print) { if last == nil { last = (print.id, print.time) } }

    /// Takes a batch from the bus, oldest first.
    func hear(_ prints: [Print]) {
        heardAt = .now
        for print in prints {
            if let last, last.id < print.id &- 1, print.time >= last.time {
                note(Hole(from: last.time, before: print.time))
            }
            if print.time >= last?.time ?? print.time { last = (print.id, print.time) }
        }
        sink.take(prints)
    }

    /// Asks for what is missing, when it is time to.
    func tend() async {
        guard ContinuousClock.now >= nextTry else { return }
        if let hole {
            self.hole = nil
            await attempt {
                await self.sink.makeUp(try await self.fetch(hole))
            } orElse: {
                self.note(hole)
            }
        }
        guard hole == nil, sink.isNeeded(), ContinuousClock.now - heardAt > Self.patience else { return }
        await attempt {
            try await self.listen()
        } orElse: {
        }
        nextTry = max(nextTry, .now + .seconds(1))
    }

    /// Fetches a stretch; its end belongs to the print that told of it.
    private func fetch(_ hole: Hole) async throws -> [Print] {
        let prints = try await history.since(hole.from, of: symbol).filter { $0.time <= hole.before }
        asked.increment(by: Double(prints.count))
        logger.notice(
            "prints that the bus left out were fetched",
            metadata: ["symbol": "\(symbol)", "from": "\(hole.from)", "prints": "\(prints.count)"])
        return prints
    }

    /// Nobody tells us prices: asks for them.
    private func listen() async throws {
        let from = last.map { $0.time } ?? now() - .seconds(10)
        let known = last?.id ?? .min
        let found = try await history.since(from, of: symbol).filter { $0.time > from || $0.id > known }
        guard let newest = found.last else { return }
        asked.increment(by: Double(found.count))
        // The bus may have spoken meanwhile: then these are late.
        if let last, last.time > newest.time { return await sink.makeUp(found) }
        last = (newest.id, newest.time)
        sink.take(found)
    }

    private func attempt(_ body: () async throws -> Void, orElse: () -> Void) async {
        do {
            try await body()
            failures = 0
            nextTry = .now
        } catch {
            orElse()
            if failures == 0 {
                logger.error(
                    "prints are missing and cannot be fetched", metadata: ["symbol": "\(symbol)", "error": "\(error)"])
            }
            failures += 1
            nextTry = .now + .milliseconds(500) * (1 << min(failures, 4))
        }
        missing.set(failures > 0 ? 1 : 0)
    }

    private func note(_ new: Hole) {
        hole = hole.map { Hole(from: min($0.from, new.from), before: max($0.before, new.before)) } ?? new
    }
}
