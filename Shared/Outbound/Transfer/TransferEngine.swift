import CCurl
import Foundation
import Glibc
import Synchronization

/// One thread that drives all transfers of a client through one curl multi handle, with its pool of connections.
final class TransferEngine: Sendable {
    private struct State {
        var incoming: [Transfer] = []
        var cancelled: [Transfer] = []
        /// Accepted and not finished.
        var underWay = 0
        var closed = false
    }

    /// `@unchecked`: other threads call only `curl_multi_wakeup` with it, which curl allows.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private static let globalSetup: CURLcode = {
        // TLS writes to a closed socket would end the process: with NOSIGNAL curl leaves the signal alone.
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    }()

    private let limit: Int
    private let multi: MultiHandle
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: most transfers at a time; more are refused, not queued.
    ///   - connectionsPerHost: so that one hung host does not take all connections.
    init(name: String, limit: Int, connectionsPerHost: Int) {
        precondition(Self.globalSetup == CURLE_OK, "libcurl does not start")
        guard let pointer = curl_multi_init() else { preconditionFailure("no memory for libcurl") }
        _ = plimsoll_multi_set_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        _ = plimsoll_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, 64)
        self.limit = limit
        multi = MultiHandle(pointer: pointer)
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.start()
    }

    /// Ends the thread; transfers under way end as `closed`.
    func close() {
        state.withLock { $0.closed = true }
        wake()
    }

    /// Carries out a plan; cancelled with the task.
    func perform(_ plan: TransferPlan) async -> TransferOutcome {
        let holder = Mutex<Transfer?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(plan, continuation)
                holder.withLock { $0 = transfer }
                submit(transfer)
                if Task.isCancelled { cancel(transfer) }
            }
        } onCancel: {
            if let transfer = holder.withLock({ $0 }) { cancel(transfer) }
        }
    }

    private func submit(_ transfer: Transfer) {
        let refusal: TransferOutcome.Stop? = state.withLock { state in
            if state.closed { return .closed }
            if state.underWay >= limit { return .overloaded }
            state.underWay += 1
            state.incoming.append(transfer)
            return nil
        }
        if let refusal { transfer.finish(TransferOutcome(stop: refusal)) } else { wake() }
    }

    private func cancel(_ transfer: Transfer) {
        state.withLock { $0.cancelled.append(transfer) }
        wake()
    }

    private func wake() { _ = curl_multi_wakeup(multi.pointer) }

    // MARK: - The thread

    private func run() {
        var active: [UnsafeMutableRawPointer: Transfer] = [:]
        var idle: [UnsafeMutableRawPointer] = []
        while true {
            let (incoming, cancelled, closed) = state.withLock { state in
                defer {
                    state.incoming = []
                    state.cancelled = []
                }
                return (state.incoming, state.cancelled, state.closed)
            }
            for transfer in incoming { begin(transfer, &active, &idle) }
            for transfer in cancelled { stop(transfer, .cancelled, &active, &idle) }
            if closed {
                for transfer in Array(active.values) { stop(transfer, .closed, &active, &idle) }
                break
            }
            var running: Int32 = 0
            _ = curl_multi_perform(multi.pointer, &running)
            reap(&active, &idle)
            _ = curl_multi_poll(multi.pointer, nil, 0, 1000, nil)
        }
        for handle in idle { curl_easy_cleanup(handle) }
        _ = curl_multi_cleanup(multi.pointer)
    }

    private func begin(
        _ transfer: Transfer, _ active: inout [UnsafeMutableRawPointer: Transfer],
        _ idle: inout [UnsafeMutableRawPointer]
    ) {
        guard let handle = idle.popLast() ?? curl_easy_init() else {
            return finish(transfer, TransferOutcome(stop: .unusable))
        }
        let code = transfer.begin(handle)
        guard code == CURLE_OK, curl_multi_add_handle(multi.pointer, handle) == CURLM_OK else {
            var outcome = transfer.end(handle, code: code)
            outcome.stop = .unusable
            putBack(handle, &idle)
            return finish(transfer, outcome)
        }
        active[handle] = transfer
    }

    private func stop(
        _ transfer: Transfer, _ reason: TransferOutcome.Stop, _ active: inout [UnsafeMutableRawPointer: Transfer],
        _ idle: inout [UnsafeMutableRawPointer]
    ) {
        guard let handle = active.first(where: { $0.value === transfer })?.key else { return }
        active[handle] = nil
        _ = curl_multi_remove_handle(multi.pointer, handle)
        var outcome = transfer.end(handle, code: CURLE_OK)
        outcome.stop = reason
        putBack(handle, &idle)
        finish(transfer, outcome)
    }

    private func reap(
        _ active: inout [UnsafeMutableRawPointer: Transfer], _ idle: inout [UnsafeMutableRawPointer]
    ) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            _ = curl_multi_remove_handle(multi.pointer, handle)
            guard let transfer = active.removeValue(forKey: handle) else { continue }
            let outcome = transfer.end(handle, code: code)
            putBack(handle, &idle)
            finish(transfer, outcome)
        }
    }

    private func finish(_ transfer: Transfer, _ outcome: TransferOutcome) {
        state.withLock { $0.underWay -= 1 }
        transfer.finish(outcome)
    }

    private func putBack(_ handle: UnsafeMutableRawPointer, _ idle: inout [UnsafeMutableRawPointer]) {
        curl_easy_reset(handle)
        if idle.count < 16 { idle.append(handle) } else { curl_easy_cleanup(handle) }
    }
}

extension Duration {
    /// Whole milliseconds, at least one.
    var curlMilliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
