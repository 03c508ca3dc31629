import Domain

/// A time as Go lays it out: the text shows how Monday, 2 January 2006 15:04:05 is to look. UTC always.
struct TimeLayout {
    private let layout: String

    init(_ layout: String) { self.layout = layout }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    func format(_ time: Timestamp) -> String {
        let day = CivilDay(containing: time)
        let parts = day.parts
        let seconds = (time - day.start).nanoseconds / 1_000_000_000
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        let weekday = Self.days[Int(((day.daysSinceEpoch + 4) % 7 + 7) % 7)]
        let month = Self.months[Int(parts.month) - 1]
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let marks: [(mark: String, text: String)] = [
            ("January", month), ("Jan", String(month.prefix(3))), ("Monday", weekday),
            ("Mon", String(weekday.prefix(3))),
            ("2006", "\(parts.year)"), ("Z07:00", "Z"), ("-07:00", "+00:00"), ("-0700", "+0000"), ("MST", "UTC"),
            (".000", "." + String((time.milliseconds % 1000 + 1000) % 1000 + 1000).dropFirst()),
            ("01", two(parts.month)), ("02", two(parts.day)), ("15", two(hour)), ("03", two((hour + 11) % 12 + 1)),
            ("04", two(minute)), ("05", two(second)), ("06", two(parts.year % 100)), ("PM", hour < 12 ? "AM" : "PM"),
            ("pm", hour < 12 ? "am" : "pm"), ("3", "\((hour + 11) % 12 + 1)"), ("2", "\(parts.day)"),
            ("1", "\(parts.month)"),
        ]
        var result = ""
        var rest = layout[...]
        while let character = rest.first {
            if let found = marks.first(where: { rest.hasPrefix($0.mark) }) {
                result += found.text
                rest = rest.dropFirst(found.mark.count)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
