import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store
import Synchronization

/// Keeps records: in Postgres, or in the spool while Postgres is away, so that what was accepted is never lost.
///
/// Whatever comes while a write is under way is written together by the next one.
final class Journal: Service {
    /// More waits than may be kept waiting.
    struct Full: Error {}

    /// Where a record is kept now.
    enum Place: Sendable {
        case books
        /// On the disk of this instance alone.
        case spool
    }

    /// Records that are kept together or not at all.
    private struct Entry: Sendable {
        let records: [Record]
        /// They count only while this lease is ours.
        let lease: Lease?
        let done: @Sendable (Result<Place, any Error>) -> Void
    }

    private struct State {
        var waiting: [Entry] = []
        var records = 0
        var isClosed = false
        /// Records go to the spool: Postgres failed, or what is in the spool is not played back yet.
        var isSpooling = true
        /// A statement that writes succeeded when it was last tried: what is in the spool can be played back.
        var isReachable = false
        /// Since when nothing could be written to Postgres; nil: what was written last was kept. That it answers does not
        /// end this: it may hang at each commit, or take no changes.
        var failedAt: ContinuousClock.Instant?
        /// How often Postgres failed and the spool was begun.
        var falls = 0
    }

    /// Most records that wait before posts are refused.
    static let waitingMax = 20_000
    private static let batchMax = 4000

    private let store: AlertStore
    private let spool: Spool
    private let figures: AlertingFigures
    private let logger: Logger
    private let state = Mutex(State())
    private let bell = Bell()
    /// Rung when the spool may be played back.
    private let playBackBell = Bell()

    /// Spools until `run` has found Postgres and played back what is there.
    init(store: AlertStore, spool: Spool, figures: AlertingFigures, logger: Logger) {
        self.store = store
        self.spool = spool
        self.figures = figures
        self.logger = logger
        measure()
        measureAside()
    }

    /// Postgres is written to, and nothing waits in the spool.
    var isDirect: Bool { state.withLock { !$0.isSpooling } }
    /// Nil while the spool is written to; else how often that was begun so far. As long as it stays the same, all that was
    /// kept is in the books.
    var era: Int? { state.withLock { $0.isSpooling ? nil : $0.falls } }
    /// For how long Postgres has kept nothing; nil: it keeps what is written.
    var awayFor: Duration? { state.withLock { state in state.failedAt.map { .now - $0 } } }
    /// Posts should be refused for now.
    var isFull: Bool { state.withLock { $0.records > Self.waitingMax } || spool.bytes > Spool.bytesMaxForPosts }

    /// Returns when the records survive a crash. They take their place in the order before this first waits.
    ///
    /// - Parameter lease: they are refused when it is no longer ours; the spool cannot tell and takes them.
    /// - Throws: when neither Postgres nor the disk keeps them; `StoreError.leaseLost`.
    @discardableResult
    func write(
        _ records: [Record], under lease: Lease? = nil, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Place {
        guard !records.isEmpty else { return .books }
        return try await enter(records, under: lease)
    }

    /// Returns when all that was given to `write` before is kept.
    func barrier(isolation: isolated (any Actor)? = #isolation) async throws -> Place {
        try await enter([], under: nil)
    }

    private func enter(
        _ records: [Record], under lease: Lease?, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Place {
        try await withCheckedThrowingContinuation { continuation in
            let entry = Entry(records: records, lease: lease) { continuation.resume(with: $0) }
            let isTaken = state.withLock { state in
                guard !state.isClosed else { return false }
                state.waiting.append(entry)
                state.records += records.count
                return true
            }
            if isTaken { bell.ring() } else { entry.done(.failure(CancellationError())) }
        }
    }

    /// What an earlier run could not bring to Postgres.
    func spooled() async throws -> [Record] { try await spool.all() }

    /// Writes until the end, then what still waits, and takes no more.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await probe() }
            // By itself, so that no post waits for a Postgres that hangs.
            group.addTask { [self] in await playBackBell.eachRing { await playBackSegment() } }
            await withGracefulShutdownHandler {
                await bell.eachRing {
                    await writeWaiting()
                    leaveSpool()
                }
            } onGracefulShutdown: { [bell] in
                bell.close()
            }
            group.cancelAll()
        }
        state.withLock { $0.isClosed = true }
        // Of its own, so that a cancelled program still writes what it was given.
        await Task { await self.writeWaiting() }.value
    }

    // MARK: - Writing

    private func writeWaiting() async {
        while let batch = take() {
            if state.withLock({ $0.isSpooling }) { await writeToSpool(batch) } else { await writeToBooks(batch) }
        }
    }

    private func take() -> [Entry]? {
        state.withLock { state in
            var count = 0
            let end = state.waiting.firstIndex { entry in
                count += entry.records.count
                return count >= Self.batchMax
            }
            let batch = Array(state.waiting[..<(end.map { $0 + 1 } ?? state.waiting.count)])
            state.waiting.removeFirst(batch.count)
            state.records -= batch.reduce(0) { $0 + $1.records.count }
            return batch.isEmpty ? nil : batch
        }
    }

    private func writeToBooks(_ batch: [Entry]) async {
        let lease = batch.last { $0.lease != nil }?.lease
        let free = batch.filter { $0.lease == nil }
        let fenced = batch.filter { $0.lease != nil && $0.lease?.token == lease?.token }
        do {
            let isOurs = try await store.apply(
                free.flatMap(\.records), fenced: fenced.flatMap(\.records), under: lease)
            kept()
            for entry in free { entry.done(.success(.books)) }
            for entry in batch where entry.lease != nil {
                let isKept = isOurs && entry.lease?.token == lease?.token
                entry.done(isKept ? .success(.books) : .failure(StoreError(.leaseLost, "another instance leads")))
            }
        } catch let error as StoreError where error.isOfTheRecord && batch.count > 1 {
            // One of them is at fault: each by itself.
            for entry in batch { await writeToBooks([entry]) }
        } catch let error as StoreError where error.isOfTheRecord {
            logger.error("the books refuse a record", metadata: ["error": "\(error)"])
            for entry in batch { entry.done(.failure(error)) }
        } catch {
            logger.warning("postgres does not keep alerts, the spool does", metadata: ["error": "\(error)"])
            state.withLock { state in
                state.falls += 1
                state.isSpooling = true
            }
            failed()
            await writeToSpool(batch)
        }
    }

    private func kept() { state.withLock { $0.failedAt = nil } }

    private func failed() {
        state.withLock { state in
            state.isReachable = false
            state.failedAt = state.failedAt ?? .now
        }
    }

    private func writeToSpool(_ batch: [Entry]) async {
        do {
            try await spool.append(batch.flatMap(\.records))
            for entry in batch { entry.done(.success(.spool)) }
        } catch {
            logger.error("neither postgres nor the disk keeps alerts", metadata: ["error": "\(error)"])
            for entry in batch { entry.done(.failure(error)) }
        }
        measure()
    }

    // MARK: - Back to Postgres

    /// Asks for Postgres while it is not written to.
    private func probe() async {
        var pause = Backoff(base: .milliseconds(100), limit: .seconds(2))
        while !Task.isCancelled {
            if !isDirect {
                do {
                    try await store.tryToWrite()
                    state.withLock { $0.isReachable = true }
                    bell.ring()
                } catch {
                    failed()
                    logger.debug("postgres is away", metadata: ["error": "\(error)"])
                }
            }
            if isDirect { pause.reset() }
            // Cancelled: the loop ends.
            try? await Task.sleep(for: isDirect ? .milliseconds(500) : pause.next())
        }
    }

    /// Back to Postgres, when nothing is left in the spool. Whoever calls it is the only one who writes there.
    private func leaveSpool() {
        guard state.withLock({ $0.isSpooling && $0.isReachable }) else { return }
        guard spool.isEmpty else {
            playBackBell.ring()
            return
        }
        state.withLock { state in
            state.isSpooling = false
            state.failedAt = nil
        }
        logger.info("postgres keeps alerts")
    }

    private func playBackSegment() async {
        do {
            guard let segment = try await spool.oldest() else { return }
            let refused = try await playBack(segment.records)
            kept()
            try await spool.drop(segment, refused: refused)
            logger.info(
                "spool played back",
                metadata: ["records": "\(segment.records.count - refused.count)", "refused": "\(refused.count)"])
            bell.ring()
        } catch {
            failed()
            logger.warning("the spool cannot be played back yet", metadata: ["error": "\(error)"])
        }
        measure()
        measureAside()
    }

    /// - Returns: what the books will never take.
    private func playBack(_ records: [Record]) async throws -> [Record] {
        do {
            _ = try await store.apply(records, fenced: [], under: nil)
            return []
        } catch let error as StoreError where error.isOfTheRecord {
            guard records.count > 1 else {
                logger.error("the books refuse a record of the spool", metadata: ["error": "\(error)"])
                return records
            }
            let half = records.count / 2
            return try await playBack(Array(records[..<half])) + playBack(Array(records[half...]))
        }
    }

    private func measure() { figures.spooled.set(spool.count) }

    /// What was set aside stays in the figures until somebody takes it away.
    private func measureAside() {
        do { figures.aside.set(try spool.recordsAside) } catch {
            logger.error("the spool cannot be looked at", metadata: ["error": "\(error)"])
        }
    }
}

extension StoreError {
    /// The record itself is at fault, not the state of the server: it would be refused for ever.
    var isOfTheRecord: Bool {
        [.invalidValue, .constraintViolation, .uniqueViolation].contains(code) || sqlState?.hasPrefix("54") == true
    }
}
