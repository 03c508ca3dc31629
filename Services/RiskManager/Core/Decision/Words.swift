import Domain

extension Ratio {
    /// `3.25 %`, to the hundredth.
    var percent: String { "\(Ratio(raw: times(Ratio(100, over: 1)).raw / 1_000_000 * 1_000_000)) %" }
}

extension Timestamp {
    /// `2026-11-22 14:05 UTC`.
    var minuteWords: String { description.prefix(16).map { $0 == "T" ? " " : String($0) }.joined() + " UTC" }
}

extension Timestamp.Span {
    /// `12.5 s`, to the millisecond.
    var words: String {
        let milliseconds = nanoseconds / 1_000_000
        return "\(Ratio(milliseconds, over: 1000)) s"
    }
}
