import Domain

/// The exchange's time: running at a multiple of real time, or standing still until told to move. Never goes back.
struct ExchangeClock: Sendable, Equatable {
    private(set) var pace: ExchangeSettings.Pace
    private var exchange: Timestamp
    private var monotonic: Timestamp

    /// - Parameter monotonic: a clock that cannot be set, now.
    init(start: Timestamp, pace: ExchangeSettings.Pace, monotonic: Timestamp) {
        self.pace = pace
        self.exchange = start
        self.monotonic = monotonic
    }

    /// The exchange's time at a moment of the monotonic clock.
    func now(_ monotonic: Timestamp) -> Timestamp {
        switch pace {
        case .stepped: exchange
        case .running(let speed):
            exchange
                + Timestamp.Span(
                    nanoseconds: Int64(Double((monotonic - self.monotonic).nanoseconds) * speed))
        }
    }

    /// Moves on to a moment; nothing for one that is past.
    mutating func move(to time: Timestamp, _ monotonic: Timestamp) {
        exchange = max(now(monotonic), time)
        self.monotonic = monotonic
    }

    /// Runs differently from now on.
    mutating func change(pace: ExchangeSettings.Pace, _ monotonic: Timestamp) {
        exchange = now(monotonic)
        self.monotonic = monotonic
        self.pace = pace
    }
}
