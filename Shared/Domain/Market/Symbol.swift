/// The name of a market as the suite writes it, such as `BTCUSDT`: 1 to 20 characters of A-Z and 0-9.
public struct Symbol: Hashable, Comparable, Sendable {
    /// The name in capitals.
    public let name: String

    /// Accepts a well-formed name only, since it becomes part of channels, keys and metric labels.
    public init?(_ name: some StringProtocol) {
        let allowed = name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        guard allowed, (1...20).contains(name.utf8.count) else { return nil }
        self.name = String(name)
    }

    public static func < (left: Symbol, right: Symbol) -> Bool { left.name < right.name }
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
