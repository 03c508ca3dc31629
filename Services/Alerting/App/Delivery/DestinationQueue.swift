import AlertingCore
import Domain
import Logging
import ServiceKit
import Synchronization

/// What waits for one destination, and the task that sends it.
final class DestinationQueue: Sendable {
    private struct State {
        var waiting: [QueuedNotice] = []
        /// The receiver asked to be left alone until then.
        var quietUntil = Timestamp.zero
        var known: Set<String> = []
        /// Replaced by something newer, still to be written down.
        var superseded: [QueuedNotice] = []
    }

    /// Most notices that wait; the oldest is given up, and that is written down.
    private static let waitingMax = 5000

    let name: String
    private let kind: String
    private let receiver: any Receiver
    private let journal: Journal
    private let clock: any WallClock
    private let figures: AlertingFigures
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ destination: AlertingConfiguration.Destination, receiver: any Receiver, journal: Journal,
        clock: any WallClock, figures: AlertingFigures, logger: Logger
    ) {
        name = destination.name
        kind = destination.channel.kind
        self.receiver = receiver
        self.journal = journal
        self.clock = clock
        self.figures = figures
        self.logger = logger
    }

    func add(_ queued: QueuedNotice) {
        state.withLock { state in
            guard state.known.insert(queued.notice.id).inserted else { return }
            // From the first that says the same of the group on, all is old: what is left tells firing and resolved in turn.
            let older = state.waiting.filter { $0.notice.key == queued.notice.key && $0.notice.at < queued.notice.at }
            let replaced = older.drop { $0.notice.isFiring != queued.notice.isFiring }
            let ids = Set(replaced.map(\.notice.id))
            state.waiting.removeAll { ids.contains($0.notice.id) }
            state.superseded += replaced
            state.waiting.append(queued)
            if state.waiting.count > Self.waitingMax { state.superseded.append(state.waiting.removeFirst()) }
        }
        measure()
    }

    /// Sends what is due, for ever.
    func run() async {
        while !Task.isCancelled {
            await writeSuperseded()
            guard let queued = take() else {
                try? await Task.sleep(for: .milliseconds(100))
                continue
            }
            await send(queued)
        }
    }

    /// The oldest notice that is due; within a group nothing overtakes.
    private func take() -> QueuedNotice? {
        let now = clock.now()
        return state.withLock { state in
            guard now >= state.quietUntil else { return nil }
            var blocked: Set<ToldKey> = []
            for (index, queued) in state.waiting.enumerated() {
                if queued.nextAt <= now, !blocked.contains(queued.notice.key) { return state.waiting.remove(at: index) }
                blocked.insert(queued.notice.key)
            }
            return nil
        }
    }

    private func send(_ queued: QueuedNotice) async {
        var queued = queued
        queued.attempts += 1
        let answer = await receiver.deliver(Parcel(notice: queued.notice, now: clock.now()))
        if Task.isCancelled, case .retry = answer { return }
        let now = clock.now()
        let policy = RetryPolicy(attempts: queued.attempts, age: now - queued.notice.at)
        let (result, next) = policy.outcome(answer, now: now, jitter: Double.random(in: 0...1))
        await write(queued, result, answer.text, at: now, next: next)
        switch result {
        case .retry:
            queued.nextAt = next
            state.withLock { state in
                if case .retry(_, let after?) = answer { state.quietUntil = now + after.span }
                let place = state.waiting.firstIndex { $0.notice.at > queued.notice.at } ?? state.waiting.count
                state.waiting.insert(queued, at: place)
            }
        case .delivered:
            figures.seconds(kind).observe((now - queued.notice.at).seconds)
            forget(queued)
        case .failed, .superseded:
            logger.error(
                "a notice was given up",
                metadata: ["destination": "\(name)", "notification": "\(queued.notice.id)", "answer": "\(answer.text)"])
            forget(queued)
        }
        measure()
    }

    private func forget(_ queued: QueuedNotice) {
        // Ids are kept for as long as older books could bring them back: bounded all the same.
        state.withLock { state in
            if state.known.count > 50_000 { state.known = Set(state.waiting.map(\.notice.id)) }
        }
    }

    private func writeSuperseded() async {
        let superseded = state.withLock { state in
            defer { state.superseded = [] }
            return state.superseded
        }
        let now = clock.now()
        for queued in superseded {
            var queued = queued
            queued.attempts += 1
            await write(queued, .superseded, "something newer is told instead", at: now, next: now)
        }
    }

    private func write(
        _ queued: QueuedNotice, _ result: Record.Attempt.Result, _ answer: String, at now: Timestamp, next: Timestamp
    ) async {
        figures.notifications(kind, result).increment()
        let attempt = Record.Attempt(
            notice: queued.notice.id, number: queued.attempts, result: result, answer: answer, at: now, nextAt: next)
        do {
            try await journal.write([.attempt(attempt)])
        } catch {
            logger.error("an attempt could not be written down", metadata: ["error": "\(error)"])
        }
    }

    private func measure() {
        figures.queued(kind, name, state.withLock { $0.waiting.count })
    }
}
