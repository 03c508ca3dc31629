package import Domain

/// The names of a result's columns, shared by its rows.
final class ResultColumns: Sendable {
    let indexes: [String: Int]
    init(_ names: [String]) {
        indexes = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// A type a column can be read as.
package protocol ColumnValue {
    /// nil where the text is not a value of this type.
    static func read(_ text: String) -> Self?
}

/// One row of an answer. Each reading names its column in the error it throws.
package struct Row: Sendable {
    let columns: ResultColumns
    let values: [String?]

    /// The value of a column as `Value`.
    ///
    /// - Throws: `StoreError.unexpectedResult` when the column is missing, NULL, or not of this type.
    package func value<Value: ColumnValue>(
        _ column: String, as type: Value.Type = Value.self, file: String = #fileID, line: Int = #line
    ) throws(StoreError) -> Value {
        guard let value = try optional(column, as: type, file: file, line: line) else {
            throw StoreError(.unexpectedResult, "column \(column) is null", file: file, line: line)
        }
        return value
    }

    /// As `value`, and nil where the column is NULL.
    package func optional<Value: ColumnValue>(
        _ column: String, as type: Value.Type = Value.self, file: String = #fileID, line: Int = #line
    ) throws(StoreError) -> Value? {
        guard let index = columns.indexes[column] else {
            throw StoreError(.unexpectedResult, "column \(column) is not in the result", file: file, line: line)
        }
        guard let text = values[index] else { return nil }
        guard let value = Value.read(text) else {
            throw StoreError(.unexpectedResult, "column \(column) holds no \(type)", file: file, line: line)
        }
        return value
    }

    package func text(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> String {
        try value(column, file: file, line: line)
    }
    package func int64(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Int64 {
        try value(column, file: file, line: line)
    }
    package func int(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Int {
        try value(column, file: file, line: line)
    }
    package func bool(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Bool {
        try value(column, file: file, line: line)
    }
    package func price(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Price {
        try value(column, file: file, line: line)
    }
    package func quantity(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Quantity {
        try value(column, file: file, line: line)
    }
    package func money(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Money {
        try value(column, file: file, line: line)
    }
    package func ratio(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Ratio {
        try value(column, file: file, line: line)
    }
    package func symbol(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Symbol {
        try value(column, file: file, line: line)
    }
    /// Exchange time from a bigint of nanoseconds.
    package func timestamp(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Timestamp
    {
        try value(column, file: file, line: line)
    }
    /// Wall time from a `timestamptz`.
    package func wallTime(_ column: String, file: String = #fileID, line: Int = #line) throws(StoreError) -> Timestamp {
        try value(column, as: WallTime.self, file: file, line: line).time
    }
}

extension String: ColumnValue {
    package static func read(_ text: String) -> String? { text }
}

extension Int64: ColumnValue {
    package static func read(_ text: String) -> Int64? { Int64(text) }
}

extension Int: ColumnValue {
    package static func read(_ text: String) -> Int? { Int(text) }
}

extension Double: ColumnValue {
    package static func read(_ text: String) -> Double? { Double(text) }
}

extension Bool: ColumnValue {
    package static func read(_ text: String) -> Bool? {
        switch text {
        case "t": true
        case "f": false
        default: nil
        }
    }
}

extension Price: ColumnValue {
    package static func read(_ text: String) -> Price? { Price(text) }
}

extension Quantity: ColumnValue {
    package static func read(_ text: String) -> Quantity? { Quantity(text) }
}

extension Money: ColumnValue {
    package static func read(_ text: String) -> Money? { Money(text) }
}

extension Ratio: ColumnValue {
    package static func read(_ text: String) -> Ratio? { Ratio(text) }
}

extension Symbol: ColumnValue {
    package static func read(_ text: String) -> Symbol? { Symbol(text) }
}

extension Timestamp: ColumnValue {
    package static func read(_ text: String) -> Timestamp? { Int64(text).map(Timestamp.init(nanoseconds:)) }
}

extension ColumnValue where Self: RawRepresentable, RawValue == String {
    package static func read(_ text: String) -> Self? { Self(rawValue: text) }
}

extension Side: ColumnValue {}
extension TradingState: ColumnValue {}
extension OrderType: ColumnValue {}
extension OrderPurpose: ColumnValue {}
extension OrderState: ColumnValue {}
extension Signal.Action: ColumnValue {}
extension Timeframe: ColumnValue {}
extension Goal.Kind: ColumnValue {}

extension WallTime: ColumnValue {
    /// Reads what PostgreSQL writes in ISO style: `2026-11-21 11:33:51.123456+00`, any offset.
    package static func read(_ text: String) -> WallTime? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            return Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        guard bytes.count >= 22, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var scale: Int64 = 100_000_000
            while index < bytes.count, (48...57).contains(bytes[index]) {
                fraction += Int64(bytes[index] - 48) * scale
                scale /= 10
                index += 1
            }
        }
        guard index < bytes.count, let offsetHours = number(index + 1..<index + 3) else { return nil }
        let offsetMinutes = index + 3 < bytes.count ? number(index + 4..<index + 6) ?? 0 : 0
        let offset = (offsetHours * 60 + offsetMinutes) * (bytes[index] == UInt8(ascii: "-") ? -60 : 60)
        let seconds = hour * 3600 + minute * 60 + second - offset
        let start = CivilDay(year: year, month: month, day: day).start
        return WallTime(Timestamp(nanoseconds: start.nanoseconds + seconds * 1_000_000_000 + fraction))
    }
}
