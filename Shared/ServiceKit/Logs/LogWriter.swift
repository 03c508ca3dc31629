import Foundation
import Glibc
import Synchronization

/// Writes lines to a file descriptor from a thread of its own, so that a log nobody reads cannot stop the trading.
///
/// At most `linesMax` lines wait; further ones are dropped and counted.
package final class LogWriter: LogSink {
    /// The bound of the queue.
    package static let linesMax = 8192

    private struct State {
        var waiting: [String] = []
        var dropped = 0
        var writing = false
        var closed = false
    }

    /// Wakes the thread, and whoever waits for it to be done.
    private let condition = NSCondition()
    // Read and written only while `condition` is locked.
    private nonisolated(unsafe) var state = State()
    private let descriptor: Int32

    /// Starts the thread. The descriptor stays open, and is the caller's.
    package init(descriptor: Int32 = 1) {
        self.descriptor = descriptor
        let thread = Thread { [self] in run() }
        thread.name = "log"
        thread.stackSize = 512 * 1024
        thread.start()
    }

    package func write(_ line: String) {
        condition.lock()
        defer { condition.unlock() }
        guard state.waiting.count < Self.linesMax, !state.closed else {
            state.dropped += 1
            return
        }
        state.waiting.append(line)
        condition.broadcast()
    }

    /// Lines that were dropped because the queue was full.
    package var dropped: Int {
        condition.lock()
        defer { condition.unlock() }
        return state.dropped
    }

    /// Waits until all that was given is written, at most `limit`, and takes no more. Blocks: for the end of the process.
    package func close(within limit: Duration = .seconds(1)) {
        let deadline = Date(timeIntervalSinceNow: limit / .seconds(1))
        condition.lock()
        defer { condition.unlock() }
        state.closed = true
        condition.broadcast()
        while !state.waiting.isEmpty || state.writing {
            guard condition.wait(until: deadline) else { return }
        }
    }

    private func run() {
        while let lines = takeAll() {
            var bytes = Array((lines.joined(separator: "\n") + "\n").utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    /// The lines that wait, as soon as there are any; nil at the end.
    private func takeAll() -> [String]? {
        condition.lock()
        defer { condition.unlock() }
        state.writing = false
        condition.broadcast()
        while state.waiting.isEmpty {
            if state.closed { return nil }
            condition.wait()
        }
        let lines = state.waiting
        state.waiting = []
        state.writing = true
        return lines
    }
}
