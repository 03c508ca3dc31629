/// A pure number such as a fee rate, a fraction of equity or a sizing factor, in steps of 1e-8.
public struct Ratio: Hashable, Comparable, Sendable {
    /// The value in units of 1e-8.
    public let raw: Int64

    /// Takes a value that is already in units of 1e-8.
    @inlinable
    public init(raw: Int64) { self.raw = raw }

    /// Reads decimal text such as `0.0075`.
    ///
    /// - Throws: `NumberError` when it is malformed, too precise or too large.
    public init(_ text: some StringProtocol) throws(NumberError) {
        let value = try DecimalText.parse(text)
        guard let raw = Int64(exactly: value) else { throw .outOfRange(String(text.prefix(48))) }
        self.raw = raw
    }

    /// Nothing.
    public static let zero = Ratio(raw: 0)

    @inlinable public var isPositive: Bool { raw > 0 }
    @inlinable public var isNegative: Bool { raw < 0 }
    @inlinable public var isZero: Bool { raw == 0 }

    @inlinable
    public static func < (left: Ratio, right: Ratio) -> Bool { left.raw < right.raw }
    @inlinable
    public static func + (left: Ratio, right: Ratio) -> Ratio { Ratio(raw: left.raw + right.raw) }
    @inlinable
    public static func - (left: Ratio, right: Ratio) -> Ratio { Ratio(raw: left.raw - right.raw) }
    @inlinable
    public static func += (left: inout Ratio, right: Ratio) { left = left + right }
    @inlinable
    public static func -= (left: inout Ratio, right: Ratio) { left = left - right }
    @inlinable
    public static prefix func - (value: Ratio) -> Ratio { Ratio(raw: -value.raw) }

    /// For indicators and pictures only: never for anything that is booked.
    @inlinable public var approximate: Double { Double(raw) / 1e8 }
}

extension Ratio: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { DecimalText.format(Int128(raw)) }

    /// Reads decimal text; nil where the throwing initialiser would throw.
    public init?(_ description: String) {
        guard let value = try? DecimalText.parse(description), let raw = Int64(exactly: value) else { return nil }
        self.raw = raw
    }
}

extension Ratio: Codable {
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
