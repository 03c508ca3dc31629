// Conversions of what a scanner found. Each gives nil where the token is something else: the caller names the field.
extension JSONScanner {
    /// The text of a string, escapes resolved; nil when it is no string or no UTF-8.
    package func text(_ token: JSONToken) -> String? {
        switch token.kind {
        case .string: String(validating: bytes[token.start..<token.end], as: UTF8.self)
        case .escapedString: unescaped(token)
        default: nil
        }
    }

    /// A whole number; nil when it is none or does not fit.
    package func integer(_ token: JSONToken) -> Int64? {
        guard token.kind == .number else { return nil }
        var index = token.start
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        guard index < token.end else { return nil }
        var value: Int64 = 0
        while index < token.end {
            guard let digit = Self.digit(bytes[index]) else { return nil }
            let (scaled, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = scaled.subtractingReportingOverflow(digit)
            if first || second { return nil }
            value = sum
            index += 1
        }
        if negative { return value }
        return value == .min ? nil : -value
    }

    /// True or false; nil when it is neither.
    package func boolean(_ token: JSONToken) -> Bool? {
        switch token.kind {
        case .yes: true
        case .no: false
        default: nil
        }
    }

    /// A decimal number in a string or bare, in steps of 1e-8; nil when malformed, finer than that or too large.
    package func decimal(_ token: JSONToken) -> Int64? {
        guard token.kind == .string || token.kind == .number else { return nil }
        var index = token.start
        let negative = index < token.end && bytes[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        var value: Int64 = 0
        var digits = 0
        var fraction = -1
        while index < token.end {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "."), fraction < 0, digits > 0 {
                fraction = 0
                continue
            }
            guard let digit = Self.digit(byte) else { return nil }
            digits += 1
            if fraction == 8 {
                if digit != 0 { return nil }
                continue
            }
            guard Self.append(digit, to: &value) else { return nil }
            if fraction >= 0 { fraction += 1 }
        }
        guard digits > 0, fraction != 0 else { return nil }
        for _ in max(fraction, 0)..<8 where !Self.append(0, to: &value) { return nil }
        return negative ? -value : value
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    private static func append(_ digit: Int64, to value: inout Int64) -> Bool {
        let (scaled, first) = value.multipliedReportingOverflow(by: 10)
        let (sum, second) = scaled.addingReportingOverflow(digit)
        value = sum
        return !first && !second
    }

    private func unescaped(_ token: JSONToken) -> String? {
        var units: [UInt16] = []
        guard let plain = String(validating: bytes[token.start..<token.end], as: UTF8.self) else { return nil }
        var iterator = plain.unicodeScalars.makeIterator()
        while let scalar = iterator.next() {
            guard scalar == "\\" else {
                units.append(contentsOf: String(scalar).utf16)
                continue
            }
            guard let unit = Self.escape(&iterator) else { return nil }
            units.append(unit)
        }
        return String(validating: units, as: UTF16.self)
    }

    private static func escape(_ scalars: inout String.UnicodeScalarView.Iterator) -> UInt16? {
        switch scalars.next() {
        case "\"": return 0x22
        case "\\": return 0x5c
        case "/": return 0x2f
        case "b": return 0x08
        case "f": return 0x0c
        case "n": return 0x0a
        case "r": return 0x0d
        case "t": return 0x09
        case "u":
            var unit: UInt16 = 0
            for _ in 0..<4 {
                guard let digit = scalars.next().flatMap({ Character($0).hexDigitValue }) else { return nil }
                unit = unit << 4 | UInt16(digit)
            }
            return unit
        default: return nil
        }
    }
}
