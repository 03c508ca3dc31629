/// What an account may do.
public enum TradingState: String, Codable, Sendable, CaseIterable {
    case running
    /// No new risk; exits go on.
    case paused
    /// Emergency: entries cancelled and refused, only reduce-only orders leave.
    case stopped
}
