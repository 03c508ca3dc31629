package import Logging

/// Reads the `events` table in order and gives each event to a handler, whose effect happens once.
///
/// It looks when it is rung, and every few seconds in any case: the bell may be lost, the rows are not.
package actor EventReader {
    /// What a handler does: everything it changes through the transaction is undone when it throws.
    package typealias Handler = @Sendable (StoredEvent, Transaction) async throws -> Void

    /// Where a consumer that never read before begins.
    package enum Start: Sendable, Equatable {
        case beginning
        /// With what is committed from now on. Load the state that the events change after `prepare`.
        case now
    }

    package struct Settings: Sendable {
        /// The name that the cursor is kept under.
        package var consumer: String
        /// The message types the handler wants; others only move the cursor.
        package var types: [String]
        package var start: Start
        package var pollInterval: Duration
        package var batch: Int
        /// After this many failures an event goes to `dead_letters`.
        package var attempts: Int

        package init(
            consumer: String, types: [String], start: Start = .beginning, pollInterval: Duration = .seconds(2),
            batch: Int = 500, attempts: Int = 5
        ) {
            self.consumer = consumer
            self.types = types
            self.start = start
            self.pollInterval = pollInterval
            self.batch = batch
            self.attempts = max(1, attempts)
        }
    }

    /// Undoes a transaction whose event had taken effect before.
    private struct TookEffectBefore: Error {}

    private let database: Database
    private let settings: Settings
    private let cursor: EventCursor
    private let hooks: StoreHooks
    private let logger: Logger
    private let bell: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private var position: EventPosition?
    private var sequences = KeySequences()
    private var horizon = HorizonAge()
    private var measuredAt: ContinuousClock.Instant?

    package init(database: Database, settings: Settings, hooks: StoreHooks = StoreHooks(), logger: Logger) {
        self.database = database
        self.settings = settings
        self.hooks = hooks
        self.logger = logger
        cursor = EventCursor(consumer: settings.consumer, types: settings.types)
        bell = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that there may be something new. Never blocks.
    package nonisolated func ring() { bell.continuation.yield() }

    /// Makes the cursor when there is none, so that nothing committed from here on is missed.
    ///
    /// - Throws: `StoreError`.
    package func prepare() async throws {
        if position == nil { position = try await cursor.load(database, from: settings.start) }
    }

    /// Reads for ever. Run it once; it ends only when the task is cancelled.
    package func run(_ handler: @escaping Handler) async throws {
        let interval = settings.pollInterval
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [bell] in
                while true {
                    bell.continuation.yield()
                    try await Task.sleep(for: interval)
                }
            }
            defer { group.cancelAll() }
            var backoff = Backoff()
            var another = Backoff(first: .milliseconds(5), most: .milliseconds(500))
            for await _ in bell.stream {
                do {
                    try await drain(handler)
                    backoff.reset()
                    if try await isHeldBack() {
                        try await Task.sleep(for: another.next())
                        bell.continuation.yield()
                    } else {
                        another.reset()
                    }
                } catch let error as StoreError {
                    startOver(error)
                    try await Task.sleep(for: backoff.next())
                }
            }
            try Task.checkCancellation()
        }
    }

    /// Reads until nothing new is there. Gives how many events took effect.
    ///
    /// - Throws: `StoreError` when the database is away, `CancellationError`.
    @discardableResult
    package func drain(_ handler: Handler) async throws -> Int {
        try await prepare()
        var applied = 0
        while let from = position {
            try Task.checkCancellation()
            let events = try await cursor.next(database, after: from, limit: settings.batch)
            for event in events {
                applied += try await take(event, handler)
                position = event.position
            }
            if let last = events.last { try await cursor.advance(to: last.position, database) }
            try await measure(force: events.count < settings.batch)
            if events.count < settings.batch { break }
        }
        return applied
    }

    /// Something is committed and cannot be read yet: no bell will ring for it again.
    private func isHeldBack() async throws -> Bool {
        guard let position else { return false }
        return try await cursor.hasMore(database, after: position)
    }

    /// Applies an event, after those its key lacks.
    private func take(_ event: StoredEvent, _ handler: Handler) async throws -> Int {
        var verdict = sequences.verdict(key: event.key, sequence: event.keySequence)
        if verdict == .look {
            let last = try await cursor.lastSequence(database, key: event.key)
            verdict = event.keySequence <= last ? .skip : event.keySequence == last + 1 ? .apply : .pull(last: last)
        }
        switch verdict {
        case .skip: return 0
        case .apply, .look: return try await apply(event, moving: true, handler)
        case .pull(let last):
            return try await pull(before: event, after: last, handler) + apply(event, moving: true, handler)
        }
    }

    /// What came before in the key's order and later in the table's.
    private func pull(before event: StoredEvent, after last: Int64, _ handler: Handler) async throws -> Int {
        var applied = 0
        var last = last
        while last + 1 < event.keySequence {
            let missing = try await cursor.missing(
                database, key: event.key, last: last, before: event.keySequence, limit: settings.batch)
            guard let newest = missing.last else { break }
            for earlier in missing { applied += try await apply(earlier, moving: false, handler) }
            last = newest.keySequence
        }
        return applied
    }

    /// Runs the handler and the book-keeping in one transaction, again after failures, and buries what keeps failing.
    private func apply(_ event: StoredEvent, moving: Bool, _ handler: Handler) async throws -> Int {
        defer { sequences.applied(key: event.key, sequence: event.keySequence) }
        guard event.body != nil else { return 0 }
        var backoff = Backoff(first: .milliseconds(20), most: .seconds(1))
        for attempt in 1... {
            do {
                try await effect(of: event, moving: moving) { try await handler(event, $0) }
                return 1
            } catch is TookEffectBefore {
                return 0
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as StoreError where error.isConnectionTrouble {
                throw error
            } catch  where attempt < settings.attempts {
                log(.warning, "An event could not be applied and is tried again", event, error)
                try await Task.sleep(for: backoff.next())
            } catch {
                try await bury(event, error, moving: moving)
                return 0
            }
        }
        return 0
    }

    private func effect(
        of event: StoredEvent, moving: Bool, _ body: @Sendable (Transaction) async throws -> Void
    ) async throws {
        try await database.transaction { transaction in
            try await body(transaction)
            guard try await cursor.consume(event, transaction) else { throw TookEffectBefore() }
            if moving { try await cursor.advance(to: event.position, transaction) }
        }
    }

    private func bury(_ event: StoredEvent, _ error: any Error, moving: Bool) async throws {
        log(.error, "An event cannot be applied and was put into dead_letters", event, error)
        let words = String(describing: error)
        do {
            try await effect(of: event, moving: moving) { [cursor] in
                try await cursor.bury(event, error: words, $0)
            }
        } catch is TookEffectBefore {
            return
        }
        hooks.deadLettered(settings.consumer)
    }

    /// Looks at the backlog when there is nothing to do, and at most once a second otherwise.
    private func measure(force: Bool) async throws {
        let now = ContinuousClock.now
        if let measuredAt, now - measuredAt < .seconds(1) { return }
        guard let position, force || measuredAt != nil else { return }
        measuredAt = now
        let backlog = try await cursor.backlog(database, after: position)
        hooks.consumerLag(settings.consumer, backlog.events, backlog.ageSeconds)
        hooks.horizonAge(horizon.observe(backlog.horizon, isHeld: backlog.isHeld, at: now))
    }

    /// After trouble only the tables know what happened.
    private func startOver(_ error: StoreError) {
        position = nil
        sequences.forget()
        bell.continuation.yield()
        logger.warning(
            "Reading events is interrupted",
            metadata: ["consumer": "\(settings.consumer)", "error": "\(error)"])
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ event: StoredEvent, _ error: any Error) {
        logger.log(
            level: level, message,
            metadata: [
                "consumer": "\(settings.consumer)", "event.id": "\(event.id)", "event.type": "\(event.type)",
                "correlation": "\(event.correlation)", "error": "\(error)",
            ])
    }
}
