package import Domain

extension Duration {
    /// The same length as exchange time counts it: whole nanoseconds, at most 292 years.
    package var span: Timestamp.Span {
        let (seconds, attoseconds) = components
        return Timestamp.Span(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
