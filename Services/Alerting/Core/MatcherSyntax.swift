/// Reads matchers as Alertmanager does by default: with the UTF-8 grammar, else with the classic one. Where both read a
/// text and disagree, the classic one wins.
extension Matcher {
    /// One matcher, without braces.
    ///
    /// - Throws: `Failure` with the reason.
    package init(_ text: String) throws(Failure) {
        guard !text.hasPrefix("{"), !text.hasSuffix("}") else {
            throw .malformed("unexpected open or close brace: \(text)")
        }
        let modern = Result { () throws(Failure) in try Self.one(try UTF8MatcherParser.parse(text), text) }
        let classic = Result { () throws(Failure) in try ClassicMatcherParser.matcher(text) }
        self = try Self.chosen(modern, classic)
    }

    /// Matchers separated by commas, with or without braces around them; none when there is nothing.
    ///
    /// - Throws: `Failure` with the reason.
    package static func list(_ text: String) throws(Failure) -> [Matcher] {
        let modern = Result { () throws(Failure) in try UTF8MatcherParser.parse(text) }
        let classic = Result { () throws(Failure) in try ClassicMatcherParser.matchers(text) }
        return try chosen(modern, classic)
    }

    private static func one(_ matchers: [Matcher], _ text: String) throws(Failure) -> Matcher {
        guard let first = matchers.first, matchers.count == 1 else {
            throw .malformed("expected 1 matcher, found \(matchers.count): \(text)")
        }
        return first
    }

    private static func chosen<Value: Equatable>(
        _ modern: Result<Value, Failure>, _ classic: Result<Value, Failure>
    ) throws(Failure) -> Value {
        switch (modern, classic) {
        case (.success(let value), .failure): value
        case (_, .success(let value)): value
        case (.failure, .failure(let failure)): throw failure
        }
    }
}

/// The grammar of Alertmanager up to 0.26: a name of letters, digits, `_` and `:`, an operator, and nearly any value.
enum ClassicMatcherParser {
    private static let spaces: Set<UInt8> = [9, 10, 12, 13, 32]
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    static func matchers(_ text: String) throws(Matcher.Failure) -> [Matcher] {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "{") { bytes.removeFirst() }
        if bytes.last == UInt8(ascii: "}") { bytes.removeLast() }
        var tokens: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: ",") where !isQuoted:
                tokens.append(bytes[start..<index])
                start = index + 1
                // Go on with the escape as it is: that is what the reference does.
                continue
            case quote where !isEscaped: isQuoted.toggle()
            case quote: isEscaped = false
            case backslash: isEscaped.toggle()
            default: isEscaped = false
            }
        }
        if !trimmed(bytes[start...]).isEmpty { tokens.append(bytes[start...]) }
        var result: [Matcher] = []
        for token in tokens { result.append(try matcher(String(decoding: token, as: UTF8.self))) }
        return result
    }

    static func matcher(_ text: String) throws(Matcher.Failure) -> Matcher {
        let malformed = Matcher.Failure.malformed("bad matcher format: \(text)")
        var rest = trimmed(Array(text.utf8)[...])
        let name = rest.prefix(while: isName)
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { throw malformed }
        rest = rest.dropFirst(name.count).drop { spaces.contains($0) }
        guard let comparison = comparison(&rest) else { throw malformed }
        let raw = trimmed(rest)
        guard let value = unescaped(raw) else {
            throw .malformed(
                "matcher value contains unescaped double quote: \(String(decoding: raw, as: UTF8.self))")
        }
        return try Matcher(String(decoding: name, as: UTF8.self), comparison, value)
    }

    private static func comparison(_ rest: inout ArraySlice<UInt8>) -> Matcher.Comparison? {
        for comparison in [Matcher.Comparison.matches, .equal, .notEqual, .notMatches]
        where rest.starts(with: comparison.rawValue.utf8) {
            rest = rest.dropFirst(comparison.rawValue.utf8.count)
            return comparison
        }
        return nil
    }

    /// The value without its quotes and escapes; nil when a quote stands where none may.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String? {
        var rest = raw
        var expectsQuote = rest.first == quote
        if expectsQuote { rest.removeFirst() }
        var result: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == backslash, let next = rest.popFirst() {
                switch next {
                case UInt8(ascii: "n"): result.append(10)
                case quote, backslash: result.append(next)
                default: result += [backslash, next]
                }
            } else if byte == quote {
                guard expectsQuote, rest.isEmpty else { return nil }
                expectsQuote = false
            } else {
                result.append(byte)
            }
        }
        return expectsQuote ? nil : String(decoding: result, as: UTF8.self)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var slice = bytes.drop { spaces.contains($0) }
        while let last = slice.last, spaces.contains(last) { slice.removeLast() }
        return slice
    }
}
