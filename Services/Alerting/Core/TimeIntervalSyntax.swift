/// The words of an alertmanager.yml for the fields of a time interval.
extension TimeInterval {
    /// Why a range is none; with the text and what is allowed.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private static let weekdayNames = [
        "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    ]
    private static let monthNames = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    /// From `start_time` and `end_time`, such as 09:00 and 24:00.
    package static func times(from start: String, to end: String) throws(Failure) -> Range<Int> {
        let first = try minute(start)
        let last = try minute(end)
        guard first < last else { throw Failure(description: "start time \(start) is not before end time \(end)") }
        return first..<last
    }

    /// `monday:friday` or `sunday`.
    package static func weekdays(_ text: String) throws(Failure) -> ClosedRange<Int> {
        let (begin, end) = try range(text) { weekdayNames.firstIndex(of: $0) }
        guard begin <= end else { throw Failure(description: "\(text): the start day is after the end day") }
        return begin...end
    }

    /// `1:5`, `-3:-1` or `15`: 1 to 31, or -1 (the last) to -31.
    package static func daysOfMonth(_ text: String) throws(Failure) -> DayRange {
        let (begin, end) = try range(text) { Int($0) }
        for day in [begin, end] where day == 0 || abs(day) > 31 {
            throw Failure(description: "\(text): \(day) is not a day of a month (1 to 31, or -31 to -1)")
        }
        guard begin > 0 || end < 0 else {
            throw Failure(description: "\(text): the end must be negative when the start is")
        }
        // Compared as in a month of 31 days.
        guard (begin < 0 ? 32 + begin : begin) <= (end < 0 ? 32 + end : end) else {
            throw Failure(description: "\(text): the start day is after the end day")
        }
        return DayRange(begin: begin, end: end)
    }

    /// `january:march`, `1:3` or `december`.
    package static func months(_ text: String) throws(Failure) -> ClosedRange<Int> {
        let (begin, end) = try range(text) { name in monthNames.firstIndex(of: name).map { $0 + 1 } ?? Int(name) }
        guard (1...12).contains(begin), (1...12).contains(end) else {
            throw Failure(description: "\(text) is not a month")
        }
        guard begin <= end else { throw Failure(description: "\(text): the start month is after the end month") }
        return begin...end
    }

    /// `2026:2028` or `2026`.
    package static func years(_ text: String) throws(Failure) -> ClosedRange<Int> {
        let (begin, end) = try range(text) { Int($0) }
        guard begin <= end else { throw Failure(description: "\(text): the start year is after the end year") }
        return begin...end
    }

    private static func range(_ text: String, _ read: (String) -> Int?) throws(Failure) -> (Int, Int) {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), let begin = read(parts[0]), let end = read(parts[parts.count - 1]) else {
            throw Failure(description: "\(text) is not a range such as a:b, nor one value")
        }
        return (begin, end)
    }

    private static func minute(_ text: String) throws(Failure) -> Int {
        let digits = Array(text.utf8)
        let parts = text.split(separator: ":").map(String.init)
        guard digits.count == 5, digits[2] == UInt8(ascii: ":"), parts.count == 2, let hour = Int(parts[0]),
            let minute = Int(parts[1]), hour >= 0, (0..<60).contains(minute), hour * 60 + minute <= 1440
        else { throw Failure(description: "\(text) is not a time from 00:00 to 24:00") }
        return hour * 60 + minute
    }
}
