/// The grammar of Alertmanager from 0.27: `{name op value, …}`, where name and value are bare words or quoted as in Go;
/// both braces or none, and one comma may trail.
struct UTF8MatcherParser {
    private enum Token: Equatable {
        case open, close, comma
        case comparison(Matcher.Comparison)
        case word(String)
    }

    private var rest: Substring.UnicodeScalarView
    private let text: String

    static func parse(_ text: String) throws(Matcher.Failure) -> [Matcher] {
        var parser = UTF8MatcherParser(rest: text[...].unicodeScalars, text: text)
        return try parser.matchers()
    }

    /// What a bare word may not hold.
    static func isReserved(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{", "}", "!", "=", "~", ",", "\\", "\"", "'", "`": true
        default: scalar.properties.isWhitespace
        }
    }

    private init(rest: Substring.UnicodeScalarView, text: String) {
        self.rest = rest
        self.text = text
    }

    private mutating func matchers() throws(Matcher.Failure) -> [Matcher] {
        var result: [Matcher] = []
        var token = try next()
        let isBraced = token == .open
        if isBraced { token = try next() }
        while case .word(let name) = token {
            guard case .comparison(let comparison) = try next() else { throw failure("expected an operator") }
            guard case .word(let value) = try next() else { throw failure("expected label value") }
            result.append(try Matcher(name, comparison, value))
            token = try next()
            guard token == .comma else { break }
            token = try next()
        }
        if isBraced {
            guard token == .close else { throw failure("expected close brace") }
            token = try next()
        }
        guard token == nil else { throw failure("expected end of input") }
        return result
    }

    private func failure(_ reason: String) -> Matcher.Failure { .malformed("bad matcher format: \(text): \(reason)") }

    private mutating func next() throws(Matcher.Failure) -> Token? {
        rest = rest.drop { $0.properties.isWhitespace }[...]
        guard let scalar = rest.first else { return nil }
        switch scalar {
        case "{": return single(.open)
        case "}": return single(.close)
        case ",": return single(.comma)
        case "=", "!":
            rest.removeFirst()
            let second = rest.first
            if second == "~" || (scalar == "!" && second == "=") {
                rest.removeFirst()
                return .comparison(second == "~" ? (scalar == "=" ? .matches : .notMatches) : .notEqual)
            }
            guard scalar == "=" else { throw failure("expected one of '=~'") }
            return .comparison(.equal)
        case "\"": return .word(try quoted())
        case _ where !Self.isReserved(scalar):
            let word = rest.prefix { !Self.isReserved($0) }
            rest = rest[word.endIndex...]
            return .word(String(word))
        default: throw failure("invalid input")
        }
    }

    private mutating func single(_ token: Token) -> Token {
        rest.removeFirst()
        return token
    }

    private mutating func quoted() throws(Matcher.Failure) -> String {
        var isEscaped = false
        for index in rest.indices.dropFirst() {
            if isEscaped {
                isEscaped = false
            } else if rest[index] == "\\" {
                isEscaped = true
            } else if rest[index] == "\"" {
                let literal = String(rest[...index])
                rest = rest[rest.index(after: index)...]
                guard let text = GoText.unquoted(literal) else { throw failure("invalid input") }
                return text
            }
        }
        throw failure("missing end \"")
    }
}
