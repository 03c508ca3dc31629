package import Domain

/// A parameter that cannot be used.
package struct ParameterFault: Hashable, Sendable, CustomStringConvertible {
    package let key: String
    /// As it was written; nil when it was not.
    package let value: String?
    /// What is allowed, in words.
    package let allowed: String

    package var description: String { "\(key): \(value.map { "\"\($0)\"" } ?? "missing"), allowed is \(allowed)" }
}

/// All parameters that cannot be used, at once.
package struct ParameterFaults: Error, Hashable, CustomStringConvertible {
    package let faults: [ParameterFault]

    package var description: String { faults.map(\.description).joined(separator: "; ") }
}

/// Reads the parameters of a strategy from text and collects every fault before it complains.
package struct ParameterReader {
    private let values: [String: String]
    private var known: [String] = []
    private var faults: [ParameterFault] = []

    package init(_ values: [String: String]) { self.values = values }

    /// A whole number in `range`; `fallback` when it is not given.
    package mutating func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        known.append(key)
        guard let text = values[key] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            refuse(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return value
    }

    /// A decimal number in `range`; `fallback` when it is not given.
    package mutating func ratio(_ key: String, in range: ClosedRange<Ratio>, default fallback: Ratio) -> Ratio {
        known.append(key)
        guard let text = values[key] else { return fallback }
        guard let value = Ratio(text), range.contains(value) else {
            refuse(key, "a number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return value
    }

    /// Records that `key` does not go with the other values unless `holds`.
    package mutating func require(_ holds: Bool, _ key: String, _ allowed: String) {
        if !holds { refuse(key, allowed) }
    }

    /// Ends the reading; a key that nobody asked for is a fault too.
    ///
    /// - Throws: `ParameterFaults` with every fault, ordered by key.
    package consuming func finish() throws(ParameterFaults) {
        for key in values.keys.sorted() where !known.contains(key) {
            refuse(key, "one of \(known.sorted().joined(separator: ", "))")
        }
        guard faults.isEmpty else { throw ParameterFaults(faults: faults.sorted { $0.key < $1.key }) }
    }

    private mutating func refuse(_ key: String, _ allowed: String) {
        faults.append(ParameterFault(key: key, value: values[key], allowed: allowed))
    }
}
