/// For how long the same transaction has been the oldest one running.
struct HorizonAge {
    private var seen: (horizon: String, since: ContinuousClock.Instant)?

    /// Seconds since the horizon last moved; zero when nothing holds it.
    mutating func observe(_ horizon: String, isHeld: Bool, at now: ContinuousClock.Instant) -> Double {
        guard isHeld else {
            seen = nil
            return 0
        }
        if let seen, seen.horizon == horizon { return (now - seen.since).inSeconds }
        seen = (horizon, now)
        return 0
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
