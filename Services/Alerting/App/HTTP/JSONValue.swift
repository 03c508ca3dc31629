/// A JSON document, read as Alertmanager's decoder reads one: only the first value of a body counts, what is no UTF-8 becomes
/// U+FFFD, and names of keys are compared without regard to case.
indirect enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In the order of the text; a name may stand there twice.
    case object([Member])

    struct Member: Sendable, Equatable {
        let name: String
        let value: JSONValue
    }

    /// Why a body is no JSON.
    enum Malformed: Error, Equatable, CustomStringConvertible {
        /// Nothing but blanks.
        case empty
        case endedEarly
        case unexpected(UInt8, in: String)
        case tooDeep

        var description: String {
            switch self {
            case .empty: "EOF"
            case .endedEarly: "unexpected EOF"
            case .unexpected(let byte, let place): "invalid character \(Self.shown(byte)) \(place)"
            case .tooDeep: "exceeded max depth"
            }
        }

        private static func shown(_ byte: UInt8) -> String {
            (0x20...0x7e).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "'\\x\(String(byte, radix: 16))'"
        }
    }

    /// Nested deeper than this is refused.
    static let depthMax = 200

    /// Reads the first value of a body.
    init(_ bytes: [UInt8]) throws(Malformed) {
        var reader = JSONValueReader(bytes: bytes)
        self = try reader.document()
    }

    /// What the decoder calls this kind of value when it does not fit.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// Walks over the bytes of a document.
private struct JSONValueReader {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONValue.Malformed) -> JSONValue {
        skipBlanks()
        guard place < bytes.count else { throw .empty }
        return try value(depth: 0)
    }

    private mutating func skipBlanks() {
        while place < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[place]) { place += 1 }
    }

    /// The next byte that is no blank, still to be read.
    private mutating func next() throws(JSONValue.Malformed) -> UInt8 {
        skipBlanks()
        guard place < bytes.count else { throw .endedEarly }
        return bytes[place]
    }

    private mutating func value(depth: Int) throws(JSONValue.Malformed) -> JSONValue {
        guard depth < JSONValue.depthMax else { throw .tooDeep }
        let byte = try next()
        switch byte {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw .unexpected(byte, in: "looking for beginning of value")
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONValue.Malformed) -> JSONValue {
        for expected in text.utf8 {
            guard place < bytes.count else { throw .endedEarly }
            guard bytes[place] == expected else { throw .unexpected(bytes[place], in: "in literal \(text)") }
            place += 1
        }
        return value
    }

    private mutating func object(_ depth: Int) throws(JSONValue.Malformed) -> JSONValue {
        place += 1
        var members: [JSONValue.Member] = []
        if try next() == UInt8(ascii: "}") {
            place += 1
            return .object([])
        }
        while true {
            let quote = try next()
            guard quote == UInt8(ascii: "\"") else {
                throw .unexpected(quote, in: "looking for beginning of object key string")
            }
            let name = try string()
            let colon = try next()
            guard colon == UInt8(ascii: ":") else { throw .unexpected(colon, in: "after object key") }
            place += 1
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            let end = try next()
            place += 1
            if end == UInt8(ascii: "}") { return .object(members) }
            guard end == UInt8(ascii: ",") else { throw .unexpected(end, in: "after object key:value pair") }
        }
    }

    private mutating func array(_ depth: Int) throws(JSONValue.Malformed) -> JSONValue {
        place += 1
        var items: [JSONValue] = []
        if try next() == UInt8(ascii: "]") {
            place += 1
            return .array([])
        }
        while true {
            items.append(try value(depth: depth + 1))
            let end = try next()
            place += 1
            if end == UInt8(ascii: "]") { return .array(items) }
            guard end == UInt8(ascii: ",") else { throw .unexpected(end, in: "after array element") }
        }
    }

    private mutating func number() throws(JSONValue.Malformed) -> String {
        let start = place
        if bytes[place] == UInt8(ascii: "-") { place += 1 }
        guard place < bytes.count else { throw .endedEarly }
        if bytes[place] == UInt8(ascii: "0") { place += 1 } else { try digits("in numeric literal") }
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            place += 1
            try digits("after decimal point in numeric literal")
        }
        if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[place]) { place += 1 }
            try digits("in exponent of numeric literal")
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func digits(_ what: String) throws(JSONValue.Malformed) {
        guard place < bytes.count else { throw .endedEarly }
        guard (0x30...0x39).contains(bytes[place]) else { throw .unexpected(bytes[place], in: what) }
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
    }

    /// Stands on the opening quote; ends behind the closing one.
    private mutating func string() throws(JSONValue.Malformed) -> String {
        place += 1
        let start = place
        // Most strings are plain: one pass, one copy.
        while place < bytes.count, bytes[place] >= 0x20, bytes[place] != 0x22, bytes[place] != 0x5c { place += 1 }
        guard place < bytes.count else { throw .endedEarly }
        var text = String(decoding: bytes[start..<place], as: UTF8.self)
        while bytes[place] != 0x22 {
            guard bytes[place] >= 0x20 else { throw .unexpected(bytes[place], in: "in string literal") }
            if bytes[place] == 0x5c {
                place += 1
                text.unicodeScalars.append(try escaped())
            } else {
                let plain = place
                while place < bytes.count, bytes[place] >= 0x20, bytes[place] != 0x22, bytes[place] != 0x5c {
                    place += 1
                }
                text += String(decoding: bytes[plain..<place], as: UTF8.self)
            }
            guard place < bytes.count else { throw .endedEarly }
        }
        place += 1
        return text
    }

    private mutating func escaped() throws(JSONValue.Malformed) -> Unicode.Scalar {
        guard place < bytes.count else { throw .endedEarly }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw .unexpected(byte, in: "in string escape code")
        }
    }

    /// Two halves of a surrogate pair are one character; half a pair is U+FFFD.
    private mutating func unicode() throws(JSONValue.Malformed) -> Unicode.Scalar {
        let first = try hexadecimal()
        guard (0xd800...0xdbff).contains(first), place + 1 < bytes.count, bytes[place] == 0x5c,
            bytes[place + 1] == UInt8(ascii: "u")
        else { return Unicode.Scalar(first) ?? "\u{fffd}" }
        let back = place
        place += 2
        let second = try hexadecimal()
        guard (0xdc00...0xdfff).contains(second) else {
            place = back
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
    }

    private mutating func hexadecimal() throws(JSONValue.Malformed) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard place < bytes.count else { throw .endedEarly }
            let byte = bytes[place]
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .unexpected(byte, in: "in \\u hexadecimal character escape")
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }
}
