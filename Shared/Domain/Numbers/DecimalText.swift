/// Why a text is not a number of this suite.
public enum NumberError: Error, Equatable, Sendable {
    /// Not `-?digits(.digits)?`; exponents, signs in the middle, blanks and "NaN" are refused.
    case malformed(String)
    /// More than eight digits after the point that are not zero.
    case tooPrecise(String)
    /// Does not fit the type.
    case outOfRange(String)
}

extension NumberError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let text): "\"\(text)\" is not a decimal number such as 12.5"
        case .tooPrecise(let text): "\"\(text)\" has more than 8 digits after the point"
        case .outOfRange(let text): "\"\(text)\" is too large"
        }
    }
}

/// Reading and writing decimal text at a scale of 1e-8, shared by every number type.
@usableFromInline
enum DecimalText {
    @usableFromInline static let one: Int64 = 100_000_000
    @usableFromInline static let decimals = 8

    /// Reads an optional minus, digits, and at most one point.
    static func parse(_ text: some StringProtocol) throws(NumberError) -> Int128 {
        var negative = false
        var digits = 0
        var fraction = -1
        var value: Int128 = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0:
                negative = true
            case UInt8(ascii: ".") where fraction < 0 && digits > 0:
                fraction = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                if fraction == decimals {
                    if byte != UInt8(ascii: "0") { throw .tooPrecise(shortened(text)) }
                    continue
                }
                if digits > 38 { throw .outOfRange(shortened(text)) }
                let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
                if overflowed { throw .outOfRange(shortened(text)) }
                value = scaled + Int128(byte - UInt8(ascii: "0"))
                if fraction >= 0 { fraction += 1 }
            default:
                throw .malformed(shortened(text))
            }
        }
        guard digits > 0, fraction != 0 else { throw .malformed(shortened(text)) }
        for _ in max(fraction, 0)..<decimals {
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            if overflowed { throw .outOfRange(shortened(text)) }
            value = scaled
        }
        return negative ? -value : value
    }

    /// Writes without trailing zeros: `0.5`, `12`, `-3.00000001`.
    static func format(_ raw: Int128) -> String {
        let magnitude = raw.magnitude
        let whole = magnitude / UInt128(one)
        let fraction = UInt64(magnitude % UInt128(one))
        let sign = raw < 0 ? "-" : ""
        if fraction == 0 { return "\(sign)\(whole)" }
        var digits = String(fraction)
        digits = String(repeating: "0", count: decimals - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }

    private static func shortened(_ text: some StringProtocol) -> String { String(text.prefix(48)) }
}
