/// Holds back logins after failed ones, so that a server that comes back is not stormed.
struct ReconnectGate {
    private var failures = 0
    private var closedUntil: ContinuousClock.Instant?

    /// Whether an attempt may be made now.
    func isOpen(at now: ContinuousClock.Instant) -> Bool {
        guard let closedUntil else { return true }
        return now >= closedUntil
    }

    /// 50 ms after the first failure, doubling up to 2 s, each between half and all of that.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) {
        let limit = min(2000, 50 << min(failures, 6))
        failures += 1
        closedUntil = now + .milliseconds(Int(Double(limit) * (0.5 + 0.5 * jitter)))
    }

    mutating func succeeded() {
        failures = 0
        closedUntil = nil
    }
}
