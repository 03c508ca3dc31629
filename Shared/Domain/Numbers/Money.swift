/// An amount of a currency, in steps of 1e-8; 128 bits wide, so that the product of any price and quantity fits.
public struct Money: Hashable, Comparable, Sendable {
    /// The value in units of 1e-8.
    public let raw: Int128

    /// Takes a value that is already in units of 1e-8.
    @inlinable
    public init(raw: Int128) { self.raw = raw }

    /// Reads decimal text such as `1024.50`.
    ///
    /// - Throws: `NumberError` when it is malformed, too precise or too large.
    public init(_ text: some StringProtocol) throws(NumberError) {
        let value = try DecimalText.parse(text)
        guard let raw = Int128(exactly: value) else { throw .outOfRange(String(text.prefix(48))) }
        self.raw = raw
    }

    /// Nothing.
    public static let zero = Money(raw: 0)

    @inlinable public var isPositive: Bool { raw > 0 }
    @inlinable public var isNegative: Bool { raw < 0 }
    @inlinable public var isZero: Bool { raw == 0 }

    @inlinable
    public static func < (left: Money, right: Money) -> Bool { left.raw < right.raw }
    @inlinable
    public static func + (left: Money, right: Money) -> Money { Money(raw: left.raw + right.raw) }
    @inlinable
    public static func - (left: Money, right: Money) -> Money { Money(raw: left.raw - right.raw) }
    @inlinable
    public static func += (left: inout Money, right: Money) { left = left + right }
    @inlinable
    public static func -= (left: inout Money, right: Money) { left = left - right }
    @inlinable
    public static prefix func - (value: Money) -> Money { Money(raw: -value.raw) }

    /// For indicators and pictures only: never for anything that is booked.
    @inlinable public var approximate: Double { Double(raw) / 1e8 }
}

extension Money: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { DecimalText.format(Int128(raw)) }

    /// Reads decimal text; nil where the throwing initialiser would throw.
    public init?(_ description: String) {
        guard let value = try? DecimalText.parse(description), let raw = Int128(exactly: value) else { return nil }
        self.raw = raw
    }
}

extension Money: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(NumberError) {
            try self.init(text[...])
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
