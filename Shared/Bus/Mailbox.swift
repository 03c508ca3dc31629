import Synchronization

/// What one subscription has not read yet: bounded, one reader.
final class Mailbox: Sendable {
    /// Bytes as they came, or a mark that some may be missing.
    enum Item: Sendable {
        case message(channel: String, bytes: [UInt8])
        case connected
        case reconnected
        case missed(Int)
    }

    private struct State {
        var queue = FIFO<Item>()
        /// Messages that were dropped and not told yet.
        var missed = 0
        var reader: CheckedContinuation<Item?, Never>?
        var closed = false
    }

    private let limit: Int
    private let dropped: @Sendable (Int) -> Void
    private let state = Mutex(State())

    /// - Parameter limit: most items that wait; the oldest go first, and the reader is told.
    init(limit: Int, dropped: @escaping @Sendable (Int) -> Void) {
        self.limit = max(1, limit)
        self.dropped = dropped
    }

    func offer(_ item: Item) {
        let (reader, lost): (CheckedContinuation<Item?, Never>?, Bool) = state.withLock { state in
            guard !state.closed else { return (nil, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, false)
            }
            state.queue.append(item)
            guard state.queue.count > limit else { return (nil, false) }
            _ = state.queue.popFirst()
            state.missed += 1
            return (nil, true)
        }
        reader?.resume(returning: item)
        if lost { dropped(1) }
    }

    /// The next item, nil once closed. Only one reader may wait.
    func next() async -> Item? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Item?? = state.withLock { state in
                    if state.closed { return .some(nil) }
                    if state.missed > 0 {
                        defer { state.missed = 0 }
                        return .missed(state.missed)
                    }
                    if let item = state.queue.popFirst() { return item }
                    precondition(state.reader == nil, "a subscription has one reader")
                    state.reader = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            close()
        }
    }

    func close() {
        let reader = state.withLock { state in
            state.closed = true
            state.queue = FIFO()
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }
}
