package import Domain

/// A value that can be bound to `$1`, `$2` …, as PostgreSQL reads it in text.
package protocol Bindable: Sendable {
    /// Decimal text, ISO dates, `t` and `f`, array literals.
    var boundText: String { get }
}

extension String: Bindable {
    package var boundText: String { self }
}

extension Int: Bindable {
    package var boundText: String { String(self) }
}

extension Int64: Bindable {
    package var boundText: String { String(self) }
}

extension Bool: Bindable {
    package var boundText: String { self ? "t" : "f" }
}

extension Double: Bindable {
    package var boundText: String { String(self) }
}

extension Price: Bindable {
    package var boundText: String { description }
}

extension Quantity: Bindable {
    package var boundText: String { description }
}

extension Money: Bindable {
    package var boundText: String { description }
}

extension Ratio: Bindable {
    package var boundText: String { description }
}

extension Symbol: Bindable {
    package var boundText: String { name }
}

/// Exchange time: a bigint of nanoseconds.
extension Timestamp: Bindable {
    package var boundText: String { String(nanoseconds) }
}

/// An interval of seconds, for `$1::interval`.
extension Duration: Bindable {
    package var boundText: String {
        let (seconds, attoseconds) = components
        return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) microseconds"
    }
}

/// A moment of wall time for a `timestamptz`, to the microsecond.
package struct WallTime: Bindable {
    package let time: Timestamp
    package init(_ time: Timestamp) { self.time = time }

    package var boundText: String {
        let micros = time.nanoseconds / 1000 % 1000
        let digits = String(abs(micros))
        let padded = String(repeating: "0", count: 3 - digits.count) + digits
        return time.description.dropLast() + padded + "Z"
    }
}

/// The raw value of an enum such as `OrderState`.
extension Bindable where Self: RawRepresentable, RawValue == String {
    package var boundText: String { rawValue }
}

extension Side: Bindable {}
extension TradingState: Bindable {}
extension OrderType: Bindable {}
extension OrderPurpose: Bindable {}
extension OrderState: Bindable {}
extension Signal.Action: Bindable {}
extension Timeframe: Bindable {}
extension Goal.Kind: Bindable {}

/// An array literal, for `ANY($1)` and `unnest($1, $2)`; nil elements are NULL.
package struct BoundArray: Bindable {
    package let boundText: String

    package init(_ elements: [(any Bindable)?]) {
        var text = "{"
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            guard let element else {
                text += "NULL"
                continue
            }
            text += "\""
            for character in element.boundText.unicodeScalars {
                if character == "\"" || character == "\\" { text += "\\" }
                text.unicodeScalars.append(character)
            }
            text += "\""
        }
        boundText = text + "}"
    }
}
