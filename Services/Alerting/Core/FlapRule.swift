package import Domain

/// What comes and goes often is held: once an alert has changed so often within the window, its end counts only after it
/// has stayed away for the calm time. People hear of it once, and of its end once.
///
/// In the file (`plimsoll: flapping:`, a list): `matchers` (none: all), `changes` (2 or more), `window`, `calm`.
package struct FlapRule: Hashable, Sendable {
    package var matchers: [Matcher]
    /// So many comings and goings make it flap.
    package var changes: Int
    package var window: Timestamp.Span
    package var calm: Timestamp.Span

    package init(matchers: [Matcher] = [], changes: Int, window: Timestamp.Span, calm: Timestamp.Span) {
        self.matchers = matchers
        self.changes = max(2, changes)
        self.window = window
        self.calm = calm
    }
}

/// How often an alert came and went of late.
package struct Flapping: Codable, Hashable, Sendable {
    /// The last changes, oldest first; no more than the rule asks for.
    package var changes: [Timestamp]
    /// What its sender said last.
    package var isFiring: Bool
}

extension FlapRule {
    /// The annotation that says so.
    package static let annotation = "flapping"

    /// - Parameters:
    ///   - merged: what the alert becomes without this rule.
    ///   - known: what it was.
    ///   - posted: what has come.
    func damped(_ merged: Alert, after known: Alert?, _ posted: Alert, at now: Timestamp) -> Alert {
        let isFiring = !posted.isResolved(at: now)
        var history =
            known?.flapping ?? Flapping(changes: [], isFiring: known.map { !$0.isResolved(at: now) } ?? isFiring)
        if isFiring, history.isFiring, let known, known.isResolved(at: now) {
            // It ended without a word.
            history.changes.append(known.endsAt)
            history.isFiring = false
        }
        if isFiring != history.isFiring { history.changes.append(now) }
        history.isFiring = isFiring
        history.changes = history.changes.filter { $0 + window > now }.suffix(changes)
        var result = merged
        result.flapping = history
        guard history.changes.count >= changes else { return result }
        result.annotations = result.annotations.merging(
            Labels([Self.annotation: "it came and went \(history.changes.count) times or more"]))
        if !isFiring {
            result.endsAt = posted.endsAt + calm
            result.endIsTimeout = true
        }
        return result
    }
}
