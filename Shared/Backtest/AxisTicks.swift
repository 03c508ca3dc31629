import Domain

/// Where the lines of a grid lie: at round values, a few of them.
enum AxisTicks {
    /// Multiples of 1, 2 or 5 times a power of ten between two values, at most `limit` steps apart; the one value when they are the
    /// same.
    static func values(from low: Int128, to high: Int128, atMost limit: Int128) -> [Int128] {
        guard high > low else { return [low] }
        var step: Int128 = 1
        while (high - low) / step >= limit {
            // 1, 2, 5, 10, …
            let leading = String(step).first
            step = leading == "2" ? step / 2 * 5 : step * 2
        }
        var tick = low / step * step
        if tick < low { tick += step }
        var ticks: [Int128] = []
        while tick <= high {
            ticks.append(tick)
            tick += step
        }
        return ticks
    }

    /// Whole minutes, hours, days or weeks between two times, at most `limit` steps apart.
    ///
    /// - Returns: the times, and whether they are all midnights.
    static func times(
        from first: Timestamp, to last: Timestamp, atMost limit: Int64
    ) -> (times: [Timestamp], isDaily: Bool) {
        let minutes: [Int64] = [
            1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7 * 1440, 14 * 1440, 30 * 1440, 60 * 1440, 90 * 1440,
            180 * 1440, 365 * 1440,
        ]
        let span = (last - first).nanoseconds
        guard span > 0 else { return ([first], false) }
        let steps = minutes.map { Timestamp.Span.minutes($0) }
        let step = steps.first { span / $0.nanoseconds < limit } ?? Timestamp.Span(nanoseconds: span / limit)
        var tick = first.nanoseconds / step.nanoseconds * step.nanoseconds
        if tick < first.nanoseconds { tick += step.nanoseconds }
        var times: [Timestamp] = []
        while tick <= last.nanoseconds {
            times.append(Timestamp(nanoseconds: tick))
            tick += step.nanoseconds
        }
        return (times, step >= .days(1))
    }
}
