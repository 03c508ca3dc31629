package import Domain

/// Recurring times such as "out of hours": what is given must all hold, and within one field any of its ranges.
package struct TimeInterval: Hashable, Sendable {
    /// Minutes of the day, the end excluded; none: the whole day.
    package var times: [Range<Int>]
    /// 0 is Sunday.
    package var weekdays: [ClosedRange<Int>]
    /// From 1; negative ones count from the end of the month.
    package var daysOfMonth: [DayRange]
    /// From 1.
    package var months: [ClosedRange<Int>]
    package var years: [ClosedRange<Int>]
    package var zone: Zone

    /// Days of the month from one to another, both included.
    package struct DayRange: Hashable, Sendable {
        package let begin: Int
        package let end: Int
        package init(begin: Int, end: Int) {
            self.begin = begin
            self.end = end
        }
    }

    package init(
        times: [Range<Int>] = [], weekdays: [ClosedRange<Int>] = [], daysOfMonth: [DayRange] = [],
        months: [ClosedRange<Int>] = [], years: [ClosedRange<Int>] = [], zone: Zone = .utc
    ) {
        self.times = times
        self.weekdays = weekdays
        self.daysOfMonth = daysOfMonth
        self.months = months
        self.years = years
        self.zone = zone
    }

    package func contains(_ time: Timestamp) -> Bool {
        let local = zone.local(time)
        let day = CivilDay(containing: local)
        let (year, month, dayOfMonth) = day.parts
        let minute = Int((local - day.start).nanoseconds / 60_000_000_000)
        // 1970-01-01 was a Thursday.
        let weekday = Int(((day.daysSinceEpoch + 4) % 7 + 7) % 7)
        let next =
            month == 12 ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
        let days = Int(next.daysSinceEpoch - CivilDay(year: year, month: month, day: 1).daysSinceEpoch)
        return (times.isEmpty || times.contains { $0.contains(minute) })
            && (weekdays.isEmpty || weekdays.contains { $0.contains(weekday) })
            && (daysOfMonth.isEmpty || daysOfMonth.contains { $0.contains(Int(dayOfMonth), of: days) })
            && (months.isEmpty || months.contains { $0.contains(Int(month)) })
            && (years.isEmpty || years.contains { $0.contains(Int(year)) })
    }
}

extension TimeInterval.DayRange {
    /// Whether a day is in it, in a month of so many days. A range that begins after the month's end holds no day.
    fileprivate func contains(_ day: Int, of days: Int) -> Bool {
        let first = begin < 0 ? days + begin + 1 : begin
        let last = end < 0 ? days + end + 1 : end
        return first <= days && day >= first && day <= min(last, days)
    }
}
