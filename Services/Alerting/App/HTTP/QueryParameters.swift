/// The query of a request, read as Go reads one: a part that cannot be decoded, or that holds a semicolon, is left out.
struct QueryParameters: Sendable {
    private let pairs: [(name: String, value: String)]

    /// - Parameter query: what stands behind the question mark; nil is nothing.
    init(_ query: String?) {
        var pairs: [(name: String, value: String)] = []
        for part in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) where !part.contains(UInt8(ascii: ";")) {
            let key = part.prefix { $0 != UInt8(ascii: "=") }
            guard let name = Self.decoded(key), let value = Self.decoded(part.dropFirst(key.count + 1)) else {
                continue
            }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// All values of a name, in their order.
    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// The last value of a name; an empty one is as good as none.
    func last(_ name: String) -> String? { all(name).last.flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether something is wanted, which it is unless the query says no; what is no word for yes is no.
    func flag(_ name: String) -> Bool {
        guard let value = last(name) else { return true }
        return ["true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"].contains(value.lowercased())
    }

    private static func decoded(_ text: some Sequence<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = digit(iterator.next()), let low = digit(iterator.next()) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        guard let byte, byte < 0x80 else { return nil }
        return Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
