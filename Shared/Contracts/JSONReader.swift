import Domain

/// Reads JSON in exactly the form that `JSONWriter` gives it: keys in order, no blanks, plain ASCII strings.
///
/// Whatever departs from that form is `nil`, which means "let the general decoder look at it", not "it is wrong".
struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Everything was read.
    var isAtEnd: Bool { position == bytes.count }

    /// Steps over `text` when it comes next.
    mutating func skip(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        let start = text.utf8Start
        for index in 0..<length where bytes[position + index] != start[index] { return false }
        position += length
        return true
    }

    /// A string without escapes, of printable ASCII.
    mutating func string() -> String? {
        guard let range = plainString() else { return nil }
        return String(unsafeUninitializedCapacity: range.count) { buffer in
            for index in range { buffer[index - range.lowerBound] = bytes[index] }
            return range.count
        }
    }

    /// A string that equals `text`.
    mutating func string(equals text: String) -> Bool {
        guard let range = plainString(), range.count == text.utf8.count else { return false }
        var index = range.lowerBound
        for byte in text.utf8 {
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// A whole number without leading zeros.
    mutating func integer() -> Int64? {
        let negative = take(UInt8(ascii: "-"))
        let start = position
        guard let value = digits(), position == start + 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        if negative { return value == 0 ? nil : 0 - value }
        return value
    }

    /// True or false.
    mutating func boolean() -> Bool? {
        if skip("true") { return true }
        return skip("false") ? false : nil
    }

    /// Decimal text in quotes, in units of 1e-8.
    mutating func decimal() -> Int64? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let negative = take(UInt8(ascii: "-"))
        guard let whole = digits() else { return nil }
        var fraction: Int64 = 0
        if take(UInt8(ascii: ".")) {
            let start = position
            guard let value = digits(), position - start <= 8 else { return nil }
            fraction = value
            for _ in (position - start)..<8 { fraction *= 10 }
        }
        guard take(UInt8(ascii: "\"")) else { return nil }
        let (scaled, overflowed) = whole.multipliedReportingOverflow(by: 100_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(fraction)
        guard !overflowed, !carried else { return nil }
        return negative ? 0 - sum : sum
    }

    private mutating func plainString() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return start..<(position - 1)
            }
            guard (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") else { return nil }
            position += 1
        }
        return nil
    }

    private mutating func digits() -> Int64? {
        var value: Int64 = 0
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(Int64(bytes[position] - UInt8(ascii: "0")))
            guard !overflowed, !carried else { return nil }
            value = sum
            position += 1
        }
        return position > start ? value : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }
}
