/// A day of the proleptic Gregorian calendar in UTC.
///
/// The conversion is Howard Hinnant's days-from-civil (https://howardhinnant.github.io/date_algorithms.html).
public struct CivilDay: Hashable, Comparable, Sendable {
    /// Whole days since 1970-01-01.
    public let daysSinceEpoch: Int64

    public init(daysSinceEpoch: Int64) { self.daysSinceEpoch = daysSinceEpoch }

    /// The day that `time` falls on.
    public init(containing time: Timestamp) {
        let nanosecondsADay: Int64 = 86_400_000_000_000
        let quotient = time.nanoseconds / nanosecondsADay
        self.daysSinceEpoch = time.nanoseconds % nanosecondsADay < 0 ? quotient - 1 : quotient
    }

    /// The day with this year, month (1…12) and day of the month (1…31).
    public init(year: Int64, month: Int64, day: Int64) {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        self.daysSinceEpoch = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Midnight at its start.
    public var start: Timestamp { Timestamp(seconds: daysSinceEpoch * 86_400) }

    /// Year, month (1…12) and day of the month (1…31).
    public var parts: (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return (
            yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0), calendarMonth, dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    public static func < (left: CivilDay, right: CivilDay) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }
}

extension CivilDay: CustomStringConvertible {
    /// `2021-04-25`.
    public var description: String {
        let (year, month, day) = parts
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}
