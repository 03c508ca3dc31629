/// Where a JSON text stops being one.
package enum JSONFault: Error, Equatable, Sendable {
    /// The byte at which something else was expected.
    case malformed(at: Int)
    /// Nested deeper than `JSONScanner.depthLimit`.
    case tooDeep
}

/// A value found in a JSON text: what it is, and where its bytes are (a string's without the quotes).
package struct JSONToken: Sendable {
    /// What kind of value it is.
    package enum Kind: UInt8, Sendable {
        case absent, string, escapedString, number, yes, no, null, object, array
    }

    package let kind: Kind
    package let start: Int
    package let end: Int

    package static let absent = JSONToken(kind: .absent, start: 0, end: 0)

    package init(kind: Kind, start: Int, end: Int) {
        self.kind = kind
        self.start = start
        self.end = end
    }
}

/// Reads JSON text forwards, byte by byte, without Foundation and without building a tree.
///
/// Malformed text is an error with its place, never a crash. Numbers and escapes are checked where they are converted.
package struct JSONScanner: Sendable {
    /// How deeply objects and arrays may be nested.
    package static let depthLimit = 32

    package let bytes: [UInt8]
    package private(set) var position: Int

    /// Starts at `position` of `bytes`.
    package init(_ bytes: [UInt8], at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// Reads an object and hands over each key (its bytes, escapes unresolved) and value.
    package mutating func object(
        _ visit: (_ key: Range<Int>, _ value: JSONToken) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try members { (scanner, key) throws(JSONFault) in try visit(key, try scanner.value()) }
    }

    /// Reads an object; `visit` is told each key and has to read its value, or to step over it with `value`.
    package mutating func members(
        _ visit: (_ scanner: inout JSONScanner, _ key: Range<Int>) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try expect(UInt8(ascii: "{"))
        skipBlanks()
        if peek() == UInt8(ascii: "}") { return position += 1 }
        while true {
            skipBlanks()
            let key = try string()
            skipBlanks()
            try expect(UInt8(ascii: ":"))
            try visit(&self, key.start..<key.end)
            if try !comma(orEnd: UInt8(ascii: "}")) { return }
        }
    }

    /// Reads an array and hands over each element.
    package mutating func array(_ visit: (JSONToken) throws(JSONFault) -> Void) throws(JSONFault) {
        try expect(UInt8(ascii: "["))
        skipBlanks()
        if peek() == UInt8(ascii: "]") { return position += 1 }
        while true {
            try visit(try value())
            if try !comma(orEnd: UInt8(ascii: "]")) { return }
        }
    }

    /// Reads the next value; nested ones are checked and stepped over.
    package mutating func value(depth: Int = 0) throws(JSONFault) -> JSONToken {
        guard depth < Self.depthLimit else { throw .tooDeep }
        skipBlanks()
        switch peek() {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"): return try nested(.object, close: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): return try nested(.array, close: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "t"): return try word("true", .yes)
        case UInt8(ascii: "f"): return try word("false", .no)
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    /// Blanks, and then nothing more.
    package mutating func end() throws(JSONFault) {
        skipBlanks()
        guard position == bytes.count else { throw .malformed(at: position) }
    }

    package mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// Whether an object comes next, behind blanks.
    package mutating func isAtObject() -> Bool {
        skipBlanks()
        return peek() == UInt8(ascii: "{")
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func expect(_ byte: UInt8) throws(JSONFault) {
        skipBlanks()
        guard peek() == byte else { throw .malformed(at: position) }
        position += 1
    }

    /// True at a comma, false at `end`, which is stepped over.
    private mutating func comma(orEnd end: UInt8) throws(JSONFault) -> Bool {
        skipBlanks()
        let next = peek()
        guard next == UInt8(ascii: ",") || next == end else { throw .malformed(at: position) }
        position += 1
        return next != end
    }

    private mutating func nested(_ kind: JSONToken.Kind, close: UInt8, depth: Int) throws(JSONFault) -> JSONToken {
        let start = position
        position += 1
        skipBlanks()
        if peek() == close {
            position += 1
            return JSONToken(kind: kind, start: start, end: position)
        }
        while true {
            if kind == .object {
                skipBlanks()
                _ = try string()
                try expect(UInt8(ascii: ":"))
            }
            _ = try value(depth: depth + 1)
            if try !comma(orEnd: close) { return JSONToken(kind: kind, start: start, end: position) }
        }
    }

    private mutating func string() throws(JSONFault) -> JSONToken {
        guard peek() == UInt8(ascii: "\"") else { throw .malformed(at: position) }
        position += 1
        let start = position
        var kind = JSONToken.Kind.string
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONToken(kind: kind, start: start, end: position - 1)
            case UInt8(ascii: "\\"):
                kind = .escapedString
                position += 2
            case 0..<0x20:
                throw .malformed(at: position)
            default:
                position += 1
            }
        }
        throw .malformed(at: bytes.count)
    }

    private mutating func number() throws(JSONFault) -> JSONToken {
        let start = position
        while let byte = peek(), Self.isNumberByte(byte) { position += 1 }
        guard position > start else { throw .malformed(at: position) }
        return JSONToken(kind: .number, start: start, end: position)
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func word(_ word: StaticString, _ kind: JSONToken.Kind) throws(JSONFault) -> JSONToken {
        let start = position
        let length = word.utf8CodeUnitCount
        guard start + length <= bytes.count else { throw .malformed(at: start) }
        let matches = word.withUTF8Buffer { $0.elementsEqual(bytes[start..<(start + length)]) }
        guard matches else { throw .malformed(at: start) }
        position += length
        return JSONToken(kind: kind, start: start, end: position)
    }
}
