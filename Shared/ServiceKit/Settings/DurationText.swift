/// Lengths of time as the settings write them: a whole number and a unit.
enum DurationText {
    /// Units with their length in nanoseconds, largest first.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// `1500ms`, `2d`; nil when malformed or longer than 292 years.
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else { return nil }
        let (total, overflowed) = count.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflowed ? nil : .nanoseconds(total)
    }

    /// The shortest exact way to write it.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let total = Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000)
        for unit in units where total != 0 && total % Int128(unit.nanoseconds) == 0 {
            return "\(total / Int128(unit.nanoseconds))\(unit.name)"
        }
        return "\(total)\(total == 0 ? "s" : "ns")"
    }
}
