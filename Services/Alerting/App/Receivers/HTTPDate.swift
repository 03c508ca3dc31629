import Domain

/// A moment as HTTP headers write it.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads the form that is sent (`Sun, 06 Nov 1994 08:49:37 GMT`) and the two that RFC 9110 has for old servers.
    ///
    /// - Returns: nil when it is none of them.
    static func parse(_ text: String) -> Timestamp? {
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        switch words.count {
        // Sunday, 06-Nov-94 08:49:37 GMT has two digits of the year: of those the one that is not far ahead.
        case 6 where words[5] == "GMT":
            return moment(day: words[1], month: words[2], year: fullYear(words[3]), time: words[4])
        // Sun Nov  6 08:49:37 1994
        case 5: return moment(day: words[2], month: words[1], year: Int64(words[4]), time: words[3])
        default: return nil
        }
    }

    private static func fullYear(_ text: String) -> Int64? {
        guard let year = Int64(text) else { return nil }
        return text.count == 2 ? year + (year < 70 ? 2000 : 1900) : year
    }

    private static func moment(day: String, month: String, year: Int64?, time: String) -> Timestamp? {
        let parts = time.split(separator: ":").map { Int64($0) }
        guard let day = Int64(day), let month = months.firstIndex(of: month), let year, parts.count == 3,
            let hour = parts[0], let minute = parts[1], let second = parts[2], (1...31).contains(day),
            (1970...2261).contains(year), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let start = CivilDay(year: year, month: Int64(month + 1), day: day).start
        return start + .seconds((hour * 60 + minute) * 60 + second)
    }
}
