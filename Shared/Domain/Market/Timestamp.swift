/// A moment in nanoseconds since 1970-01-01T00:00:00Z. Exchange time unless a name says otherwise.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch, UTC.
    public let nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// From the milliseconds that exchanges send; clamped at the ends of the range.
    @inlinable
    public init(milliseconds: Int64) {
        let (value, overflowed) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        self.nanoseconds = overflowed ? (milliseconds < 0 ? .min : .max) : value
    }

    @inlinable
    public init(seconds: Int64) { self.init(milliseconds: seconds * 1000) }

    /// The epoch, also "not yet known".
    public static let zero = Timestamp(nanoseconds: 0)

    /// Whole milliseconds since the epoch, as exchanges want them.
    @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }
    @inlinable
    /// The whole minute that this is in.
    public var minute: Timestamp {
        let length = Span.minutes(1).nanoseconds
        let rest = nanoseconds % length
        // Wraps at the ends of the range: a hostile time must not stop a service.
        return Timestamp(nanoseconds: nanoseconds &- (rest < 0 ? rest + length : rest))
    }

    public static func + (left: Timestamp, right: Span) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds &+ right.nanoseconds)
    }
    @inlinable
    public static func - (left: Timestamp, right: Span) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds &- right.nanoseconds)
    }
    @inlinable
    public static func - (left: Timestamp, right: Timestamp) -> Span {
        Span(nanoseconds: left.nanoseconds &- right.nanoseconds)
    }

    /// A length of time in nanoseconds.
    public struct Span: Hashable, Comparable, Sendable {
        public let nanoseconds: Int64

        @inlinable
        public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

        @inlinable
        public static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
        @inlinable
        public static func seconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000_000) }
        @inlinable
        public static func minutes(_ count: Int64) -> Span { seconds(count * 60) }
        @inlinable
        public static func days(_ count: Int64) -> Span { seconds(count * 86_400) }
        @inlinable
        public static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(nanoseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 with milliseconds, UTC: `2021-04-25T04:01:00.000Z`.
    public var description: String {
        let day = CivilDay(containing: self)
        let rest = (self - day.start).nanoseconds / 1_000_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = rest % 1000
        let padding = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""
        return
            "\(day)T\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60)).\(padding)\(milliseconds)Z"
    }
}
