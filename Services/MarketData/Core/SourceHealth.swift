package import Domain

/// How one feed of one symbol is, as others are told.
package struct SourceState: Equatable, Sendable {
    package var connected: Bool
    /// No message for longer than the limit.
    package var stale: Bool
    /// Prints are missing and not refilled yet.
    package var gapOpen: Bool
    /// Why it is not well; empty when it is.
    package var reason: String

    package init(connected: Bool, stale: Bool, gapOpen: Bool, reason: String) {
        self.connected = connected
        self.stale = stale
        self.gapOpen = gapOpen
        self.reason = reason
    }
}

/// Follows whether a feed lives. Silence is measured in monotonic time, by data alone: an answered ping proves nothing.
package struct SourceHealth: Sendable {
    /// Silence longer than this counts as down.
    package let staleAfter: Timestamp.Span
    package private(set) var isConnected = false
    /// How far the newest message was behind the clock when it arrived.
    package private(set) var lag = Timestamp.Span(nanoseconds: 0)
    package private(set) var messages: Int64 = 0
    package private(set) var reconnects: Int64 = 0
    package private(set) var gaps: Int64 = 0
    private var lastMessage: Timestamp.Span?
    private var wasConnected = false
    /// A new connection has not proved yet that it brings anything.
    private var isUnproven = false
    private var lostReason = "not connected yet"

    package init(staleAfter: Timestamp.Span) { self.staleAfter = staleAfter }

    /// The connection stands and what was asked for is subscribed.
    package mutating func connected(at uptime: Timestamp.Span) {
        if wasConnected {
            reconnects += 1
            isUnproven = true
        } else {
            lastMessage = uptime
        }
        wasConnected = true
        isConnected = true
    }

    /// The connection is gone.
    package mutating func disconnected(_ reason: String) {
        isConnected = false
        lostReason = reason
    }

    /// A message arrived at `uptime`; `lag` is how old it was, where it says so.
    package mutating func received(at uptime: Timestamp.Span, lag: Timestamp.Span? = nil) {
        lastMessage = uptime
        isUnproven = false
        messages += 1
        if let lag { self.lag = lag }
    }

    /// Prints were lost.
    package mutating func foundGap() { gaps += 1 }

    /// How long ago the last message came; nil before the first connection.
    package func silence(at uptime: Timestamp.Span) -> Timestamp.Span? {
        lastMessage.map { Timestamp.Span(nanoseconds: uptime.nanoseconds - $0.nanoseconds) }
    }

    /// Silent for longer than the limit, or since the connection was made anew.
    package func isStale(at uptime: Timestamp.Span) -> Bool {
        guard let silence = silence(at: uptime) else { return true }
        return silence > staleAfter || isUnproven
    }

    /// What to tell others at `uptime`.
    package func state(gapOpen: Bool, at uptime: Timestamp.Span) -> SourceState {
        let stale = isStale(at: uptime)
        let seconds = staleAfter.nanoseconds / 1_000_000_000
        let reason =
            !isConnected
            ? lostReason
            : isUnproven
                ? "no message since the reconnection"
                : stale ? "no message for \(seconds) s" : gapOpen ? "prints are being refilled" : ""
        return SourceState(connected: isConnected, stale: stale, gapOpen: gapOpen, reason: reason)
    }
}
