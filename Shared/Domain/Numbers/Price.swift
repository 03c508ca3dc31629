/// What one unit of the base asset costs, in the quote asset, in steps of 1e-8 and up to 92 billion.
///
/// Prices are compared and subtracted; a price times a quantity is `Money` and only an `Instrument` makes it.
public struct Price: Hashable, Comparable, Sendable {
    /// The value in units of 1e-8.
    public let raw: Int64

    /// Takes a value that is already in units of 1e-8.
    @inlinable
    public init(raw: Int64) { self.raw = raw }

    /// Reads decimal text such as `64250.01`.
    ///
    /// - Throws: `NumberError` when it is malformed, too precise or too large.
    public init(_ text: some StringProtocol) throws(NumberError) {
        let value = try DecimalText.parse(text)
        guard let raw = Int64(exactly: value) else { throw .outOfRange(String(text.prefix(48))) }
        self.raw = raw
    }

    /// Nothing.
    public static let zero = Price(raw: 0)

    @inlinable public var isPositive: Bool { raw > 0 }
    @inlinable public var isNegative: Bool { raw < 0 }
    @inlinable public var isZero: Bool { raw == 0 }

    @inlinable
    public static func < (left: Price, right: Price) -> Bool { left.raw < right.raw }
    @inlinable
    public static func + (left: Price, right: Price) -> Price { Price(raw: left.raw + right.raw) }
    @inlinable
    public static func - (left: Price, right: Price) -> Price { Price(raw: left.raw - right.raw) }
    @inlinable
    public static func += (left: inout Price, right: Price) { left = left + right }
    @inlinable
    public static func -= (left: inout Price, right: Price) { left = left - right }
    @inlinable
    public static prefix func - (value: Price) -> Price { Price(raw: -value.raw) }

    /// For indicators and pictures only: never for anything that is booked.
    @inlinable public var approximate: Double { Double(raw) / 1e8 }
}

extension Price: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { DecimalText.format(Int128(raw)) }

    /// Reads decimal text; nil where the throwing initialiser would throw.
    public init?(_ description: String) {
        guard let value = try? DecimalText.parse(description), let raw = Int64(exactly: value) else { return nil }
        self.raw = raw
    }
}

extension Price: Codable {
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
