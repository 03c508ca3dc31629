/// Names with values, sorted by name; two with the same pairs are equal whatever the order they came in.
package struct Labels: Sendable {
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
    /// Computed once, for alerts are looked up by it all the time.
    package let fingerprint: Fingerprint

    /// An empty value is the same as no label.
    package init(_ values: [String: String]) {
        self.init(
            sorted: values.filter { !$0.value.isEmpty }.map { Pair(name: $0.key, value: $0.value) }
                .sorted { $0.name.precedes($1.name) })
    }

    private init(sorted pairs: [Pair]) {
        self.pairs = pairs
        fingerprint = Fingerprint(of: pairs)
    }

    package static let none = Labels([:])

    /// The value, empty when there is none.
    package subscript(name: String) -> String {
        for pair in pairs where pair.name == name { return pair.value }
        return ""
    }

    package var isEmpty: Bool { pairs.isEmpty }
    package var dictionary: [String: String] { Dictionary(pairs.map { ($0.name, $0.value) }) { first, _ in first } }

    /// Those of the given names.
    package func only(_ names: [String]) -> Labels { Labels(sorted: pairs.filter { names.contains($0.name) }) }

    /// With these in addition; where both have a name, the other's value is taken.
    package func merging(_ other: Labels) -> Labels { Labels(dictionary.merging(other.dictionary) { $1 }) }

    /// The pairs that all have.
    package static func common(_ all: [Labels]) -> Labels {
        guard let first = all.first else { return .none }
        return Labels(sorted: first.pairs.filter { pair in all.allSatisfy { $0[pair.name] == pair.value } })
    }
}

extension Labels: Hashable {
    package static func == (left: Labels, right: Labels) -> Bool {
        left.fingerprint == right.fingerprint && left.pairs == right.pairs
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

extension Labels: Comparable {
    /// Alertmanager's order: fewer labels first, then by the names and values.
    package static func < (left: Labels, right: Labels) -> Bool {
        if left.pairs.count != right.pairs.count { return left.pairs.count < right.pairs.count }
        for (mine, other) in zip(left.pairs, right.pairs) where mine != other {
            // The first name that only one has decides: the other comes first.
            if mine.name != other.name { return other.name.precedes(mine.name) }
            return mine.value.precedes(other.value)
        }
        return false
    }
}

extension Labels: CustomStringConvertible {
    /// `{alertname="Down", severity="critical"}`, as in a group key.
    package var description: String {
        "{" + pairs.map { "\($0.name)=\(GoText.quoted($0.value))" }.joined(separator: ", ") + "}"
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

/// What an alert is known by: 64-bit FNV-1a over name 0xFF value 0xFF of its labels, as Alertmanager and Prometheus
/// compute it. Written as 16 hexadecimal digits.
package struct Fingerprint: Hashable, Comparable, Sendable, LosslessStringConvertible {
    private let bits: UInt64

    init(of pairs: [Labels.Pair]) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for pair in pairs {
            for byte in pair.name.utf8 { mix(byte) }
            mix(0xff)
            for byte in pair.value.utf8 { mix(byte) }
            mix(0xff)
        }
        bits = hash
    }

    /// - Returns: nil when the text is not 16 hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 16, text.first != "+", let bits = UInt64(text, radix: 16) else { return nil }
        self.bits = bits
    }

    package static func < (left: Fingerprint, right: Fingerprint) -> Bool { left.bits < right.bits }

    package var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Fingerprint: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Fingerprint(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no fingerprint")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
