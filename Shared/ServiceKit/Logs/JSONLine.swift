import Logging

/// Builds one line of JSON within bounds. What does not fit is cut or left out, and said so.
struct JSONLine {
    /// The longest text of one value, in bytes before escaping.
    static let textMax = 4096
    /// The most entries of one map or list.
    static let entriesMax = 48
    /// How deep maps and lists may nest.
    static let depthMax = 5
    /// After this many bytes no further entries are added.
    static let lengthMax = 32_768

    private(set) var text = ""
    private var needsComma = false

    mutating func begin() {
        text += "{"
        needsComma = false
    }

    mutating func end() { text += "}" }

    mutating func add(_ key: String, _ value: String) {
        addKey(key)
        append(quoted: value)
    }

    mutating func add(_ key: String, _ fields: Logger.Metadata, redact: (String) -> String) {
        addKey(key)
        append(fields, depth: 1, redact)
        needsComma = true
    }

    private mutating func addKey(_ key: String) {
        if needsComma { text += "," }
        append(quoted: key)
        text += ":"
        needsComma = true
    }

    private mutating func append(_ fields: Logger.Metadata, depth: Int, _ redact: (String) -> String) {
        text += "{"
        var first = true
        for (index, (key, value)) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
            if !first { text += "," }
            first = false
            guard index < Self.entriesMax, text.utf8.count < Self.lengthMax else {
                text += "\"truncated\":true"
                break
            }
            append(quoted: redact(key))
            text += ":"
            append(value, depth: depth + 1, redact)
        }
        text += "}"
    }

    private mutating func append(_ value: Logger.MetadataValue, depth: Int, _ redact: (String) -> String) {
        if depth > Self.depthMax || text.utf8.count > Self.lengthMax {
            text += "\"…\""
            return
        }
        switch value {
        case .string(let string): append(quoted: redact(string))
        case .stringConvertible(let convertible): append(quoted: redact(convertible.description))
        case .dictionary(let fields): append(fields, depth: depth, redact)
        case .array(let items):
            text += "["
            for (index, item) in items.prefix(Self.entriesMax).enumerated() {
                if index > 0 { text += "," }
                append(item, depth: depth + 1, redact)
            }
            if items.count > Self.entriesMax { text += ",\"…\"" }
            text += "]"
        }
    }

    private mutating func append(quoted value: String) {
        let length = value.utf8.count
        text += "\""
        var room = Self.textMax
        for scalar in value.unicodeScalars {
            room -= UTF8.width(scalar)
            if room < 0 {
                text += "… (\(length) bytes)"
                break
            }
            append(escaped: scalar)
        }
        text += "\""
    }

    private mutating func append(escaped scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
}
