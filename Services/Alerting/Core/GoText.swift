/// Text as Go's `strconv` quotes it, which is how Alertmanager writes group keys and reads matchers.
enum GoText {
    /// With double quotes and escapes, as `%q` prints it.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += "\\x" + hex(scalar.value, 2)
            case _ where scalar.value < 0x10000: result += "\\u" + hex(scalar.value, 4)
            default: result += "\\U" + hex(scalar.value, 8)
            }
        }
        return result + "\""
    }

    /// The text of a literal in double quotes.
    ///
    /// - Returns: nil when it is none, or is not UTF-8.
    static func unquoted(_ literal: String) -> String? {
        let bytes = Array(literal.utf8)
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else { return nil }
        var rest = bytes[1..<(bytes.count - 1)]
        var result: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\n"): return nil
            case UInt8(ascii: "\\"):
                guard let escaped = unescape(&rest) else { return nil }
                result += escaped
            default: result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    /// The bytes that the escape after a backslash stands for.
    private static func unescape(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard let kind = rest.popFirst() else { return nil }
        switch kind {
        case UInt8(ascii: "a"): return [7]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "v"): return [11]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): return [kind]
        case UInt8(ascii: "x"): return number(&rest, digits: 2, radix: 16).map { [UInt8($0)] }
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            guard let value = number(&rest, digits: kind == UInt8(ascii: "u") ? 4 : 8, radix: 16),
                let scalar = Unicode.Scalar(value)
            else { return nil }
            return Array(String(Character(scalar)).utf8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            rest = [kind] + rest
            return number(&rest, digits: 3, radix: 8).flatMap { UInt8(exactly: $0) }.map { [$0] }
        default: return nil
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int, radix: Int) -> UInt32? {
        guard rest.count >= digits else { return nil }
        let text = String(decoding: rest.prefix(digits), as: UTF8.self)
        rest = rest.dropFirst(digits)
        // A sign would be read as part of the number.
        guard text.first != "+", text.first != "-" else { return nil }
        return UInt32(text, radix: radix)
    }

    private static func hex(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20...0x7e).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }
}
