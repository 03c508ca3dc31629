import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store

/// Keeps records: in Postgres, or in the spool while Postgres is away, so that what was accepted is never lost.
actor Journal {
    private let store: AlertStore
    private let spool: Spool
    private let figures: AlertingFigures
    private let logger: Logger
    /// Postgres failed, or the spool is not played back yet: order is kept by writing behind what is there.
    private var spooling = true

    /// Spools until `run` has found Postgres and played back what is there.
    init(store: AlertStore, spool: Spool, figures: AlertingFigures, logger: Logger) {
        self.store = store
        self.spool = spool
        self.figures = figures
        self.logger = logger
    }

    /// Returns when the records survive a crash.
    ///
    /// - Throws: when neither Postgres nor the disk keeps them.
    func write(_ records: [Record]) async throws {
        guard !records.isEmpty else { return }
        if !spooling {
            do { return try await store.apply(records) } catch let error as StoreError {
                logger.warning("postgres does not keep alerts, the spool does", metadata: ["error": "\(error)"])
                spooling = true
            }
        }
        try await spool.append(records)
        figures.spooled.set(await spool.count)
    }

    /// What the spool holds, without taking it away: an earlier run's last words.
    func spooled() async throws -> [Record] { try await spool.take() }

    /// Whether Postgres is written to.
    var isDirect: Bool { !spooling }

    /// Plays the spool back whenever Postgres is there.
    ///
    /// - Parameter found: called with the books when Postgres answers for the first time, before anything is played back.
    func run(found: @Sendable (BooksAtStart) async -> Void) async throws {
        var pause = Backoff(base: .milliseconds(200), limit: .seconds(3))
        var loaded = false
        while !Task.isCancelled {
            do {
                if !loaded {
                    let books = try await store.load()
                    await found(books)
                    loaded = true
                }
                if spooling { try await playBack() }
                pause.reset()
                try await Task.sleep(for: .milliseconds(200))
            } catch is CancellationError {
                return
            } catch {
                logger.debug("the spool cannot be played back yet", metadata: ["error": "\(error)"])
                try await Task.sleep(for: pause.next())
            }
        }
    }

    private func playBack() async throws {
        while true {
            let records = try await spool.take()
            for start in stride(from: 0, to: records.count, by: 500) {
                try await store.apply(Array(records[start..<min(start + 500, records.count)]))
            }
            try await spool.drop(records.count)
            if !records.isEmpty { logger.info("spool played back", metadata: ["records": "\(records.count)"]) }
            let left = await spool.count
            figures.spooled.set(left)
            if left == 0 {
                if records.isEmpty { try await store.ping() }
                spooling = false
                return
            }
        }
    }
}
