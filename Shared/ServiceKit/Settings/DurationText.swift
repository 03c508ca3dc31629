/// Lengths of time as the settings write them: whole numbers, each with its unit.
enum DurationText {
    /// Units with their length in nanoseconds, largest first.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// Units that are read and never written.
    private static let coarse: [(name: String, nanoseconds: Int64)] = [
        ("y", 31_536_000_000_000_000), ("w", 604_800_000_000_000),
    ]

    /// `1500ms`, `1h30m`, `0`; nil when malformed or longer than 292 years.
    static func parse(_ text: String) -> Duration? {
        guard text != "0" else { return .zero }
        guard !text.isEmpty else { return nil }
        var total: Int64 = 0
        var left = (coarse + units)[...]
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let count = Int64(digits), let unit = left.firstIndex(where: { $0.name == name }) else { return nil }
            let (part, overflowed) = count.multipliedReportingOverflow(by: left[unit].nanoseconds)
            let (sum, overflowedSum) = total.addingReportingOverflow(part)
            guard !overflowed, !overflowedSum else { return nil }
            total = sum
            left = left[(unit + 1)...]
            rest = rest.dropFirst(digits.count + name.count)
        }
        return .nanoseconds(total)
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
