/// The name of a market as the suite writes it, such as `BTCUSDT`: 1 to 20 characters of A-Z and 0-9.
///
/// It is plain memory, six bits a character: prints and candles carry one each, and copying them costs no reference count.
public struct Symbol: Hashable, Sendable {
    /// Ten characters each, the first of them highest; 0 where there is none, so that the order is that of the names.
    private let head: UInt64
    private let tail: UInt64

    private static let half = 10

    /// Accepts a well-formed name only, since it becomes part of channels, keys and metric labels.
    public init?(_ name: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in name.utf8 {
            guard count < 2 * Self.half, let code = Self.code(byte) else { return nil }
            if count < Self.half {
                halves.0 |= code << Self.shift(count)
            } else {
                halves.1 |= code << Self.shift(count)
            }
            count += 1
        }
        guard count > 0 else { return nil }
        (head, tail) = halves
    }

    /// The name in capitals.
    public var name: String {
        String(unsafeUninitializedCapacity: 2 * Self.half) { text in
            for place in 0..<2 * Self.half {
                let code = UInt8((place < Self.half ? head : tail) >> Self.shift(place) & 63)
                guard code > 0 else { return place }
                text[place] = code <= 10 ? UInt8(ascii: "0") + code - 1 : UInt8(ascii: "A") + code - 11
            }
            return 2 * Self.half
        }
    }

    private static func shift(_ place: Int) -> Int { 6 * (half - 1 - place % half) }

    private static func code(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0")) + 1
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(byte - UInt8(ascii: "A")) + 11
        default: nil
        }
    }
}

extension Symbol: Comparable {
    public static func < (left: Symbol, right: Symbol) -> Bool {
        left.head == right.head ? left.tail < right.tail : left.head < right.head
    }
}

extension Symbol: CustomStringConvertible {
    public var description: String { name }
}

extension Symbol: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let symbol = Symbol(name) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a symbol is 1 to 20 of A-Z and 0-9")
        }
        self = symbol
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
