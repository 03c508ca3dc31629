import AlertingCore
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

import struct Foundation.UUID

/// The one owner of the alert book: takes alerts in, makes them durable, and hands what is due to the destinations.
///
/// Everything happens in one task, in order; whoever posts waits until the alert is kept.
final class AlertDesk: Service {
    /// The desk takes no more at the moment.
    struct Busy: Error {}

    private enum Command: Sendable {
        case receive([PostedAlert], Waiter)
        case silence(SilenceDraft, CheckedContinuation<String, any Error>)
        case expireSilence(String, Waiter)
        case reload(AlertingConfiguration, Waiter)
        case restore(BooksAtStart)
        case tick
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    /// Most posts that wait; a slow disk must not fill the memory.
    private static let waitingMax = 1000

    private let settings: AlertBook.Settings
    private let journal: Journal
    private let delivery: Delivery
    private let clock: any WallClock
    private let figures: AlertingFigures
    private let logger: Logger
    private let commands: AsyncStream<Command>
    private let input: AsyncStream<Command>.Continuation
    private let waiting = Atomic(0)
    /// What others may look at.
    private let view: Mutex<AlertBook>

    init(
        _ settings: AlertBook.Settings, journal: Journal, delivery: Delivery, clock: any WallClock,
        figures: AlertingFigures, logger: Logger
    ) {
        self.settings = settings
        self.journal = journal
        self.delivery = delivery
        self.clock = clock
        self.figures = figures
        self.logger = logger
        view = Mutex(AlertBook(settings))
        (commands, input) = AsyncStream.makeStream()
    }

    /// Takes alerts in; returns when they are kept.
    ///
    /// - Throws: `Busy`, or why they cannot be kept.
    func receive(_ posted: [PostedAlert]) async throws {
        guard !posted.isEmpty else { return }
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.waitingMax else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            throw Busy()
        }
        defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
        try await withCheckedThrowingContinuation { (waiter: Waiter) in
            if case .terminated = input.yield(.receive(posted, waiter)) { waiter.resume(throwing: CancellationError()) }
        }
    }

    /// Alerts, groups and silences as they are now.
    func book() -> AlertBook { view.withLock { $0 } }

    /// Makes or changes a silence.
    ///
    /// - Returns: its id.
    /// - Throws: `SilenceError`, or why it cannot be kept.
    func setSilence(_ draft: SilenceDraft) async throws -> String {
        try await withCheckedThrowingContinuation { waiter in
            if case .terminated = input.yield(.silence(draft, waiter)) { waiter.resume(throwing: CancellationError()) }
        }
    }

    /// Ends a silence now.
    ///
    /// - Throws: `SilenceError`, or why it cannot be kept.
    func expireSilence(_ id: String) async throws { try await ask { .expireSilence(id, $0) } }

    /// Puts another configuration into force; alerts, silences and what was told stay.
    func reload(_ configuration: AlertingConfiguration) async throws { try await ask { .reload(configuration, $0) } }

    private func ask(_ command: (Waiter) -> Command) async throws {
        try await withCheckedThrowingContinuation { (waiter: Waiter) in
            if case .terminated = input.yield(command(waiter)) { waiter.resume(throwing: CancellationError()) }
        }
    }

    func run() async throws {
        var book = AlertBook(settings)
        try await recover(&book)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                try await journal.run { books in self.input.yield(.restore(books)) }
            }
            group.addTask { [self] in
                while !Task.isCancelled {
                    input.yield(.tick)
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            for await command in commands.cancelOnGracefulShutdown() { await carryOut(command, &book) }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
        input.finish()
        for await command in commands {
            switch command {
            case .receive(_, let waiter), .expireSilence(_, let waiter), .reload(_, let waiter):
                waiter.resume(throwing: CancellationError())
            case .silence(_, let waiter): waiter.resume(throwing: CancellationError())
            case .restore, .tick: break
            }
        }
    }

    /// Takes back what an earlier run could not bring to Postgres.
    private func recover(_ book: inout AlertBook) async throws {
        var queued: [String: QueuedNotice] = [:]
        var order: [String] = []
        var alerts: [Fingerprint: Alert] = [:]
        for record in try await journal.spooled() {
            switch record {
            case .alert(let alert, _): alerts[alert.fingerprint] = alert
            case .notice(let notice):
                book.note(notice.entry, for: notice.key)
                if notice.reason != nil {
                    queued[notice.id] = QueuedNotice(notice: notice, attempts: 0, nextAt: notice.at)
                    order.append(notice.id)
                }
            case .attempt(let attempt):
                queued[attempt.notice]?.attempts = attempt.number
                queued[attempt.notice]?.nextAt = attempt.nextAt
                if attempt.result != .retry { queued[attempt.notice] = nil }
                delivery.settled(attempt.notice, result: attempt.result)
            }
        }
        book.restore(alerts.values.sorted { $0.fingerprint < $1.fingerprint }, told: [], at: clock.now())
        for id in order { if let notice = queued[id] { delivery.enqueue(notice) } }
    }

    private func carryOut(_ command: Command, _ book: inout AlertBook) async {
        let now = clock.now()
        switch command {
        case .receive(let posted, let waiter):
            var next = book
            let alerts = next.receive(posted, at: now)
            do {
                try await journal.write(alerts.map { .alert($0, at: now) })
                book = next
                show(book, at: now)
                waiter.resume()
            } catch {
                logger.error("alerts could not be kept", metadata: ["error": "\(error)"])
                waiter.resume(throwing: error)
            }
        case .restore(let books):
            book.restore(books.alerts, told: books.told, at: now)
            for notice in books.queued { delivery.enqueue(notice) }
            show(book, at: now)
        case .silence(let draft, let waiter):
            waiter.resume(
                with: Result {
                    let id = UUID().uuidString.lowercased()
                    return try book.silences.set(draft, newID: id, at: now).id
                })
            show(book, at: now)
        case .expireSilence(let id, let waiter):
            waiter.resume(with: Result { _ = try book.silences.expire(id, at: now) })
            show(book, at: now)
        case .reload(let configuration, let waiter):
            book.replace(configuration.book, at: now)
            show(book, at: now)
            waiter.resume()
        case .tick: await tick(&book, at: now)
        }
    }

    private func tick(_ book: inout AlertBook, at now: Timestamp) async {
        guard let due = book.nextFlush, due <= now else { return }
        var next = book
        let notices = next.advance(to: now)
        do {
            try await journal.write(notices.map { .notice($0) })
        } catch {
            logger.error("notices could not be kept", metadata: ["error": "\(error)"])
            return
        }
        book = next
        show(book, at: now)
        for notice in notices where notice.reason != nil {
            delivery.enqueue(QueuedNotice(notice: notice, attempts: 0, nextAt: now))
        }
    }

    private func show(_ book: AlertBook, at now: Timestamp) {
        let alerts = book.all
        view.withLock { $0 = book }
        let firing = alerts.count { !$0.isResolved(at: now) }
        figures.firing.set(firing)
        figures.resolved.set(alerts.count - firing)
    }
}
