import Domain

/// A time of a body, in any of the ways that Alertmanager takes.
///
/// RFC 3339 with any fraction; without a zone it is UTC, seconds may be left out, and a blank may stand for `T`.
enum PostedTime: Equatable {
    /// Year 1, the zero of Go's clocks: as good as absent.
    case zero
    /// Years before 1684 and after 2255 are brought to that limit.
    case at(Timestamp)

    /// - Returns: nil when malformed. Nothing at all is the start of 1970, as the reference has it.
    init?(_ text: String) {
        guard !text.isEmpty else {
            self = .at(.zero)
            return
        }
        var reader = TimeReader(bytes: Array(text.utf8))
        guard let time = reader.time() else { return nil }
        self = time
    }

    /// The time; nil for the zero.
    var timestamp: Timestamp? {
        switch self {
        case .zero: nil
        case .at(let time): time
        }
    }
}

private struct TimeReader {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func number(_ count: Int) -> Int64? {
        guard place + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[place..<place + count] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        place += count
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    mutating func time() -> PostedTime? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            (1...12).contains(month), day >= 1, day <= Self.days(of: month, in: year)
        else { return nil }
        let hasBlank = take(" ")
        guard hasBlank || take("T"), let hour = number(2) ?? number(1), take(":"), let minute = number(2), hour < 24,
            minute < 60
        else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        let hasSeconds = take(":")
        if hasSeconds {
            // Go's clock takes a fraction without a second before it.
            let hasSecond =
                place < bytes.count && bytes[place] != UInt8(ascii: ".") && bytes[place] != UInt8(ascii: ",")
            guard let given = hasSecond ? number(2) : 0, given < 60 else { return nil }
            second = given
            guard let part = self.fraction() else { return nil }
            fraction = part
        } else if hasBlank {
            return nil
        }
        guard let offset = offset(onlyZ: !hasSeconds, none: hasBlank), place == bytes.count else { return nil }
        let days = Self.days(from: year, month, day)
        let seconds = days * 86_400 + (hour * 60 + minute) * 60 + second - offset
        if seconds == Self.zero, fraction == 0 { return .zero }
        return .at(Self.clamped(seconds, fraction))
    }

    /// Nanoseconds; nil when a point is followed by nothing.
    private mutating func fraction() -> Int64? {
        guard take(".") || take(",") else { return 0 }
        var value: Int64 = 0
        var digits = 0
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
            if digits < 9 { value = value * 10 + Int64(bytes[place] - 0x30) }
            digits += 1
            place += 1
        }
        guard digits > 0 else { return nil }
        for _ in 0..<max(0, 9 - digits) { value *= 10 }
        return value
    }

    /// Seconds east of Greenwich; no zone is UTC.
    private mutating func offset(onlyZ: Bool, none: Bool) -> Int64? {
        if place == bytes.count { return 0 }
        if none { return nil }
        if take("Z") { return 0 }
        guard !onlyZ else { return nil }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2), take(":"), let minutes = number(2), minutes < 60 else {
            return nil
        }
        return (hours * 60 + minutes) * 60 * (isWest ? -1 : 1)
    }

    private static func days(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01, in the proleptic Gregorian calendar (Hinnant's days_from_civil).
    private static func days(from year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// 0001-01-01T00:00:00Z in Unix seconds.
    private static let zero: Int64 = -62_135_596_800

    private static func clamped(_ seconds: Int64, _ fraction: Int64) -> Timestamp {
        // The years 1684 to 2255: room is left to add any interval.
        let limit: Int64 = 9_000_000_000
        guard seconds < limit else { return Timestamp(nanoseconds: limit * 1_000_000_000) }
        guard seconds > -limit else { return Timestamp(nanoseconds: -limit * 1_000_000_000) }
        return Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction)
    }
}
