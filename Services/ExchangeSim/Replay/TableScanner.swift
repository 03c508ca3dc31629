/// Reads a table of comma-separated figures forwards, byte by byte: recordings are too long for a text for each cell.
struct TableScanner {
    private let bytes: [UInt8]
    private var position: Int
    /// Counts from 1.
    private(set) var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
    }

    /// Nothing is left.
    var isAtEnd: Bool { position >= bytes.count }

    /// The rest of the line as text.
    mutating func text() -> String {
        let start = position
        skipLine()
        let end = position > start && bytes[position - 1] == UInt8(ascii: "\n") ? position - 1 : position
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// Steps over the rest of the line.
    mutating func skipLine() {
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: "\n") {
                line += 1
                return
            }
        }
    }

    /// The next cell as a whole number of at most 18 digits; nil for anything else.
    mutating func integer() -> Int64? {
        skipBlanks()
        let start = position
        var value: Int64 = 0
        while let digit = digit() {
            guard position - start < 18 else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return position > start && endCell() ? value : nil
    }

    /// The next cell as a decimal number in steps of 1e-8, the nearest one: recordings that went through binary numbers
    /// carry digits beyond that, such as `956766.9300000001`. Nil for anything else, and beyond 92 billion.
    mutating func amount() -> Int64? {
        skipBlanks()
        let start = position
        var value: Int64 = 0
        while let digit = digit() {
            guard position - start < 10 else { return nil }
            value = value * 10 + digit
            position += 1
        }
        guard position > start else { return nil }
        let (scaled, overflowed) = value.multipliedReportingOverflow(by: 100_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(fraction() ?? -1)
        return !overflowed && !carried && sum >= scaled && endCell() ? sum : nil
    }

    /// What is behind the point, in steps of 1e-8; 0 without a point, nil without a digit behind it.
    private mutating func fraction() -> Int64? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return 0 }
        position += 1
        let start = position
        var value: Int64 = 0
        while let digit = digit() {
            let place = position - start
            if place < 8 { value = value * 10 + digit } else if place == 8, digit >= 5 { value += 1 }
            position += 1
        }
        guard position > start else { return nil }
        for _ in min(position - start, 8)..<8 { value *= 10 }
        return value
    }

    private func digit() -> Int64? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\r") {
            position += 1
        }
    }

    /// Steps over the comma behind a cell; the end of a line stays.
    private mutating func endCell() -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] != UInt8(ascii: "\n") else { return true }
        guard bytes[position] == UInt8(ascii: ",") else { return false }
        position += 1
        return true
    }
}
