import Bus
import Contracts
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import StrategyCore

/// Turns final candles into signals.
///
/// The way from a candle to its signal has no wait in it: what is missing, what nobody has booked and how far the instances are is
/// seen to every `upkeepInterval`, and at once after a hole or a reconnect.
actor StrategyService: Service {
    private let settings: StrategySettings
    private let instances: [String: StrategyInstance]
    private let records: StrategyRecords
    private let bus: Bus
    private let figures: StrategyFigures
    private let history: Health.Dependency
    private let clock: any WallClock
    private let logger: Logger
    private let wake = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private var desk: StrategyDesk
    private var saved: Set<StrategyProgress> = []
    private var unreported: [Envelope<SuiteEvent>] = []

    init(
        _ settings: StrategySettings, records: StrategyRecords, bus: Bus, figures: StrategyFigures, health: Health,
        clock: any WallClock, logger: Logger
    ) {
        self.settings = settings
        self.records = records
        self.bus = bus
        self.figures = figures
        self.history = health.dependency("history")
        self.clock = clock
        self.logger = logger
        instances = Dictionary(settings.instances.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        desk = StrategyDesk(settings.instances)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Listening begins first, so that no candle falls between the table and the bus.
            let candles = self.bus.subscribe(
                to: await self.desk.markets.map { Channels.candles($0.symbol, $0.timeframe) })
            guard await self.loadHistory() else { return }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.listen(candles) }
                group.addTask { await self.ring() }
                group.addTask { await self.keepUp() }
                await group.waitForAll()
            }
        }
        await saveAtEnd()
    }

    /// Reads where the instances were and evaluates every close since; waits for the database as long as it takes.
    ///
    /// - Returns: false when the service is stopped first.
    private func loadHistory() async -> Bool {
        var backoff = Backoff(base: .milliseconds(200), limit: .seconds(5))
        while !Task.isCancelled {
            do {
                for row in try await records.progress() {
                    desk.restore(row.strategy, row.symbol, lastClose: row.lastClose)
                }
                try await readTable()
                history.up()
                return true
            } catch {
                history.down("the history is not read yet: \(error)")
                logger.warning("history not read", metadata: ["error": "\(error)"])
                await Task.pause(for: backoff.next())
            }
        }
        return false
    }

    private func listen(_ candles: AsyncStream<BusMessage<CandleUpdate>>) async {
        for await message in candles {
            switch message {
            case .message(let envelope):
                guard envelope.data.candle.isFinal else { continue }
                let outcome = desk.takeLive(envelope.data.candle, clock: clock.now())
                if let reason = outcome.refused { figures.refused(reason) }
                act(on: outcome)
                if !outcome.signals.isEmpty { figures.tookFromCandle(clock.now() - envelope.at) }
                if outcome.needsTable { wake.continuation.yield() }
            case .connected, .reconnected, .missed:
                wake.continuation.yield()
            }
        }
    }

    /// Wakes the upkeep at its interval.
    private func ring() async {
        while !Task.isCancelled {
            await Task.pause(for: settings.upkeepInterval)
            wake.continuation.yield()
        }
    }

    private func keepUp() async {
        for await _ in wake.stream {
            do {
                try await readTable()
                try await publishAgain()
                try await save()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("upkeep failed, tried again soon", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Takes from the table what the bus did not bring.
    private func readTable() async throws {
        var isWhole = false
        let newest = try await records.newestCandles(desk.unseen)
        while !isWhole {
            let starts = desk.markets.map { (market: $0, from: desk.start(of: $0, last: newest[$0])) }
            let read = try await records.candles(starts)
            act(on: desk.takeStored(read.candles))
            isWhole = read.isWhole
        }
    }

    /// Publishes again what risk-manager has not booked since the last time.
    private func publishAgain() async throws {
        let waiting = desk.unanswered()
        guard !waiting.isEmpty else { return figures.waiting(0) }
        desk.answered(try await records.booked(waiting.map(\.id)))
        let open = desk.unanswered()
        figures.waiting(open.count)
        for signal in open { publish(signal) }
    }

    private func save() async throws {
        let changed = desk.progress.filter { !saved.contains($0) && ($0.lastClose > .zero || $0.failure != nil) }
        guard !changed.isEmpty || !unreported.isEmpty else { return }
        let reports = unreported
        try await records.save(changed, of: instances, reporting: reports)
        saved = Set(desk.progress).intersection(saved.union(changed))
        unreported.removeFirst(reports.count)
    }

    private func act(on outcome: StrategyDesk.Outcome) {
        // Counted last: whoever reads the count may rely on the signals being out.
        defer { figures.evaluated(outcome.evaluated) }
        for signal in outcome.signals {
            publish(signal)
            figures.raised(signal)
            logger.info(
                "signal",
                metadata: [
                    "correlation": "\(signal.id)", "strategy": "\(signal.strategy)", "symbol": "\(signal.symbol)",
                    "action": "\(signal.action.rawValue)", "close": "\(signal.candleClose)", "price": "\(signal.price)",
                ])
        }
        for failure in outcome.failures { report(failure) }
    }

    private func publish(_ signal: Signal) {
        bus.publish(
            Envelope(
                id: DerivedID.make("evt", "signal", signal.id), source: "strategy", at: clock.now(),
                correlation: signal.id, key: signal.symbol.name, data: SignalRaised(signal: signal)),
            on: Channels.signals)
    }

    private func report(_ failure: StrategyFailure) {
        figures.stopped(failure.strategy)
        let metadata: Logger.Metadata = [
            "strategy": "\(failure.strategy)", "symbol": "\(failure.symbol)", "close": "\(failure.candleClose)",
            "error": "\(failure.reason)",
        ]
        logger.error("strategy stopped", metadata: metadata)
        let id = DerivedID.make(
            "evt", "strategy_stopped", failure.strategy, failure.symbol.name, String(failure.candleClose.nanoseconds))
        unreported.append(
            Envelope(
                id: id, source: "strategy", at: clock.now(), correlation: id, key: failure.strategy,
                data: SuiteEvent(
                    kind: "strategy_stopped", severity: "critical",
                    summary: "Strategy \(failure.strategy) stopped on \(failure.symbol)",
                    description: """
                        It failed at the close of \(failure.candleClose): \(failure.reason). Its positions keep their \
                        stops and targets; other strategies and symbols go on. It is tried again when the service starts.
                        """,
                    labels: ["strategy": failure.strategy, "symbol": failure.symbol.name])))
    }

    /// One try to keep the progress; what is lost is evaluated again.
    private func saveAtEnd() async {
        do { try await save() } catch {
            logger.info("progress not saved at the end", metadata: ["error": "\(error)"])
        }
    }
}
