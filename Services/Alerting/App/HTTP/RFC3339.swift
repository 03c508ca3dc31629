import Domain

/// Times as Prometheus and Alertmanager write them.
enum RFC3339 {
    /// - Returns: nil when malformed; year 1, the zero of Go's clocks, is `Timestamp.zero`.
    static func parse(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[start..<start + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        func sign(_ place: Int, _ allowed: String) -> Bool {
            place < bytes.count && allowed.utf8.contains(bytes[place])
        }
        guard let year = number(0, 4), sign(4, "-"), let month = number(5, 2), sign(7, "-"), let day = number(8, 2),
            sign(10, "Tt "), let hour = number(11, 2), sign(13, ":"), let minute = number(14, 2), sign(16, ":"),
            let second = number(17, 2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        guard year > 1 else { return .zero }
        guard (1970...2261).contains(year) else { return nil }
        var place = 19
        var fraction: Int64 = 0
        if sign(place, ".") {
            place += 1
            var digits = 0
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                if digits < 9 { fraction = fraction * 10 + Int64(bytes[place] - 0x30) }
                digits += 1
                place += 1
            }
            guard digits > 0 else { return nil }
            for _ in 0..<max(0, 9 - digits) { fraction *= 10 }
        }
        var offset: Int64 = 0
        if sign(place, "Zz") {
            place += 1
        } else if sign(place, "+-"), let hours = number(place + 1, 2), sign(place + 3, ":"),
            let minutes = number(place + 4, 2), hours < 24, minutes < 60
        {
            offset = (hours * 60 + minutes) * 60 * (bytes[place] == UInt8(ascii: "-") ? -1 : 1)
            place += 6
        } else {
            return nil
        }
        guard place == bytes.count else { return nil }
        let seconds = (hour * 60 + minute) * 60 + second - offset
        return CivilDay(year: year, month: month, day: day).start
            + Timestamp.Span(nanoseconds: seconds * 1_000_000_000 + fraction)
    }
}
