import Synchronization

/// Whether both connections stand; tells the hook when that changes.
final class Link: Sendable {
    private let parts = Mutex((publisher: false, subscriber: false))
    private let changed: @Sendable (Bool) -> Void

    init(changed: @escaping @Sendable (Bool) -> Void) { self.changed = changed }

    var isConnected: Bool { parts.withLock { $0.publisher && $0.subscriber } }

    func publisher(connected: Bool) { update { $0.publisher = connected } }
    func subscriber(connected: Bool) { update { $0.subscriber = connected } }

    private func update(_ change: (inout (publisher: Bool, subscriber: Bool)) -> Void) {
        let news: Bool? = parts.withLock { parts in
            let before = parts.publisher && parts.subscriber
            change(&parts)
            let after = parts.publisher && parts.subscriber
            return before == after ? nil : after
        }
        if let news { changed(news) }
    }
}

/// Opens when as many have arrived as were announced.
final class Latch: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func arrive() {
        let free = state.withLock { state in
            state.missing -= 1
            guard state.missing <= 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in free { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let open = state.withLock { state in
                if state.missing > 0 { state.waiting.append(continuation) }
                return state.missing <= 0
            }
            if open { continuation.resume() }
        }
    }
}
