import Synchronization

/// Keeps the last lines in memory, for tests and for tools that show them.
package final class LogLines: LogSink {
    /// The bound; older lines are forgotten.
    package static let linesMax = 10_000

    private let kept = Mutex<[String]>([])

    package init() {}

    package func write(_ line: String) {
        kept.withLock { lines in
            if lines.count >= Self.linesMax { lines.removeFirst(lines.count / 2) }
            lines.append(line)
        }
    }

    /// What was written, oldest first.
    package var lines: [String] { kept.withLock { $0 } }
}
