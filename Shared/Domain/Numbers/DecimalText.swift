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
        let sign = raw < 0 ? "-" : ""
        guard let magnitude = UInt64(exactly: raw.magnitude) else {
            let (whole, fraction) = raw.magnitude.quotientAndRemainder(dividingBy: UInt128(one))
            return "\(sign)\(whole)\(tail(UInt64(fraction)))"
        }
        return "\(sign)\(magnitude / UInt64(one))\(tail(magnitude % UInt64(one)))"
    }

    /// The point and the digits of a fraction of one, without trailing zeros; nothing for zero.
    private static func tail(_ fraction: UInt64) -> String {
        guard fraction > 0 else { return "" }
        var rest = fraction
        var count = decimals
        while rest.isMultiple(of: 10) {
            rest /= 10
            count -= 1
        }
        return String(unsafeUninitializedCapacity: count + 1) { text in
            text[0] = UInt8(ascii: ".")
            for place in stride(from: count, to: 0, by: -1) {
                text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return count + 1
        }
    }

    private static func shortened(_ text: some StringProtocol) -> String { String(text.prefix(48)) }
}
