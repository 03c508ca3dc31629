/// The width of a candle. Candles start at UTC boundaries; weeks start on Monday.
public enum Timeframe: String, CaseIterable, Codable, Sendable, Hashable {
    case minute1 = "1m"
    case minute5 = "5m"
    case minute15 = "15m"
    case hour1 = "1h"
    case hour4 = "4h"
    case day1 = "1d"
    case week1 = "1w"

    /// Its length.
    @inlinable public var span: Timestamp.Span {
        switch self {
        case .minute1: .minutes(1)
        case .minute5: .minutes(5)
        case .minute15: .minutes(15)
        case .hour1: .minutes(60)
        case .hour4: .minutes(240)
        case .day1: .days(1)
        case .week1: .days(7)
        }
    }

    /// The open time of the candle that `time` falls into.
    @inlinable
    public func open(containing time: Timestamp) -> Timestamp {
        // 1970-01-01 was a Thursday: the first Monday is day 4, and a week before it is day -3.
        let offset = self == .week1 ? Timestamp.Span.days(-3).nanoseconds : 0
        // Wraps at the ends of the range: a hostile time must not stop a service.
        let since = time.nanoseconds &- offset
        let remainder = since % span.nanoseconds
        return Timestamp(nanoseconds: time.nanoseconds &- (remainder < 0 ? remainder + span.nanoseconds : remainder))
    }
}
