extension Task where Success == Never, Failure == Never {
    /// Waits for `duration`, or until the task is cancelled: the only thing that `sleep` throws for.
    ///
    /// - Returns: false when it was cancelled. A loop that asks `Task.isCancelled` need not look at it.
    @discardableResult
    package static func pause(for duration: Duration) async -> Bool {
        do {
            try await sleep(for: duration)
            return true
        } catch {
            return false
        }
    }
}
