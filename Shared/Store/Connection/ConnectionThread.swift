import Dispatch
import Foundation
import Synchronization

/// A thread of its own for one connection, so that a blocking call of libpq never holds up the cooperative pool.
///
/// It lives as long as its connection does: a job that waits keeps it, and the last reference ends the thread.
final class ConnectionThread: SerialExecutor {
    /// What waits for the thread. It does not refer back to the executor, except through jobs under way.
    private final class Queue: Sendable {
        struct State {
            var jobs: [(job: UnownedJob, executor: ConnectionThread)] = []
            var ended = false
        }
        let state = Mutex(State())
        let arrivals = DispatchSemaphore(value: 0)
    }

    private let queue = Queue()

    init(name: String) {
        let queue = queue
        let thread = Thread { ConnectionThread.work(queue) }
        thread.name = name
        thread.stackSize = 1 << 19
        thread.start()
    }

    deinit {
        queue.state.withLock { $0.ended = true }
        queue.arrivals.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        queue.state.withLock { $0.jobs.append((unowned, self)) }
        queue.arrivals.signal()
    }

    private static func work(_ queue: Queue) {
        while true {
            queue.arrivals.wait()
            let jobs = queue.state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return state.jobs
            }
            for (job, executor) in jobs { job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
            if jobs.isEmpty, queue.state.withLock({ $0.ended && $0.jobs.isEmpty }) { return }
        }
    }
}
