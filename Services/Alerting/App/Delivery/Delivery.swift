import AlertingCore
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Brings notices to their destinations, each with a queue and a task of its own: a hung receiver delays nobody else.
final class Delivery: Service {
    private let queues: [String: DestinationQueue]
    private let logger: Logger
    /// Notices that an earlier run's spool says are done, though Postgres may not know it yet.
    private let done = Mutex<Set<String>>([])

    init(_ queues: [DestinationQueue], logger: Logger) {
        self.queues = Dictionary(queues.map { ($0.name, $0) }) { first, _ in first }
        self.logger = logger
    }

    /// Puts a notice into its destination's queue; one that is there already, or was delivered, changes nothing.
    func enqueue(_ queued: QueuedNotice) {
        guard !done.withLock({ $0.contains(queued.notice.id) }) else { return }
        guard let queue = queues[queued.notice.key.destination] else {
            logger.warning(
                "a notice for a destination that is no longer configured",
                metadata: ["destination": "\(queued.notice.key.destination)"])
            return
        }
        queue.add(queued)
    }

    /// Remembers how a notice ended, so that older books do not bring it back.
    func settled(_ id: String, result: Record.Attempt.Result) {
        if result != .retry { done.withLock { _ = $0.insert(id) } }
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for queue in queues.values { group.addTask { await queue.run() } }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }
}
