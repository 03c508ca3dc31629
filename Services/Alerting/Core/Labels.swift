/// Names with values, sorted by name; two with the same pairs are equal whatever the order they came in.
package struct Labels: Hashable, Sendable {
    /// One name with its value.
    package struct Pair: Hashable, Sendable {
        package let name: String
        package let value: String
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package let pairs: [Pair]

    /// An empty value is the same as no label.
    package init(_ values: [String: String]) {
        pairs = values.filter { !$0.value.isEmpty }.map { Pair(name: $0.key, value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private init(sorted pairs: [Pair]) { self.pairs = pairs }

    package static let none = Labels([:])

    /// The value, empty when there is none.
    package subscript(name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

    package var isEmpty: Bool { pairs.isEmpty }
    package var dictionary: [String: String] { Dictionary(pairs.map { ($0.name, $0.value) }) { first, _ in first } }

    /// Those of the given names.
    package func only(_ names: [String]) -> Labels { Labels(sorted: pairs.filter { names.contains($0.name) }) }

    /// The pairs that all have.
    package static func common(_ all: [Labels]) -> Labels {
        guard let first = all.first else { return .none }
        return Labels(sorted: first.pairs.filter { pair in all.allSatisfy { $0[pair.name] == pair.value } })
    }

    /// 64-bit FNV-1a over name 0xFF value 0xFF, as Alertmanager and Prometheus compute it; 16 hexadecimal digits.
    package var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for pair in pairs {
            for byte in pair.name.utf8 { mix(byte) }
            mix(0xff)
            for byte in pair.value.utf8 { mix(byte) }
            mix(0xff)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Labels: CustomStringConvertible {
    /// `{alertname="Down", severity="critical"}`, as in a group key.
    package var description: String {
        "{" + pairs.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ", ") + "}"
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

extension Labels: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: String].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(dictionary)
    }
}
