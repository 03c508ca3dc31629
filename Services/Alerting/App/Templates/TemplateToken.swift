/// A piece of an action of a template.
enum TemplateToken: Equatable, Sendable {
    /// `range`, `toUpper`.
    case word(String)
    /// `.CommonLabels` with the point; a lone point is empty. `spaced`: blanks stand before it.
    case field(String, spaced: Bool)
    /// `$alert`; a lone `$` is empty.
    case variable(String)
    case text(String)
    case number(Int)
    /// `|`, `:=`, `=`, `,`; `spaced` as above for brackets.
    case sign(String)
}

/// A template in pieces: text as it is, and actions in tokens.
struct TemplateLexer {
    enum Piece: Equatable {
        case text(String)
        case action([TemplateToken], line: Int)
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var line = 1

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// - Throws: `TemplateFault`.
    static func pieces(of text: String) throws(TemplateFault) -> [Piece] {
        var lexer = TemplateLexer(text)
        return try lexer.pieces()
    }

    private mutating func pieces() throws(TemplateFault) -> [Piece] {
        var pieces: [Piece] = []
        var trimsNext = false
        while place < scalars.count {
            var text = self.text()
            if trimsNext { text = String(text.unicodeScalars.drop { $0.properties.isWhitespace }) }
            guard place < scalars.count else {
                pieces.append(.text(text))
                break
            }
            if starts("{{-"), place + 3 < scalars.count, scalars[place + 3].properties.isWhitespace {
                while let last = text.unicodeScalars.last, last.properties.isWhitespace {
                    text.unicodeScalars.removeLast()
                }
                skip(3)
            } else {
                skip(2)
            }
            if !text.isEmpty { pieces.append(.text(text)) }
            let start = line
            let tokens = try action(&trimsNext)
            if let tokens { pieces.append(.action(tokens, line: start)) }
        }
        return pieces
    }

    private mutating func text() -> String {
        let start = place
        while place < scalars.count, !starts("{{") { skip(1) }
        return String(String.UnicodeScalarView(scalars[start..<place]))
    }

    /// The tokens up to the end of the action; nil for a comment.
    private mutating func action(_ trimsNext: inout Bool) throws(TemplateFault) -> [TemplateToken]? {
        var tokens: [TemplateToken] = []
        let start = line
        skipBlanks()
        let isComment = starts("/*")
        if isComment {
            while place < scalars.count, !starts("*/") { skip(1) }
            skip(2)
        }
        while true {
            let spaced = skipBlanks()
            guard place < scalars.count else { throw TemplateFault(line: start, "an action has no }}") }
            if spaced, starts("-}}") {
                skip(3)
                trimsNext = true
                return isComment ? nil : tokens
            }
            if starts("}}") {
                skip(2)
                trimsNext = false
                return isComment ? nil : tokens
            }
            tokens.append(try token(spaced: spaced))
        }
    }

    private mutating func token(spaced: Bool) throws(TemplateFault) -> TemplateToken {
        let scalar = scalars[place]
        switch scalar {
        case ".":
            skip(1)
            return .field(word(), spaced: spaced)
        case "$":
            skip(1)
            return .variable(word())
        case "\"": return .text(try quoted())
        case "`": return .text(try raw())
        case "|", "(", ")", ",", "=":
            skip(1)
            return .sign(String(scalar))
        case ":" where starts(":="):
            skip(2)
            return .sign(":=")
        case "-", "0"..."9":
            skip(1)
            let digits = word()
            guard let number = Int("\(scalar)\(digits)") else {
                throw TemplateFault(line: line, "\(scalar)\(digits) is no whole number")
            }
            return .number(number)
        default:
            let word = word()
            guard !word.isEmpty else { throw TemplateFault(line: line, "unexpected \(scalar)") }
            return .word(word)
        }
    }

    private mutating func word() -> String {
        let start = place
        while place < scalars.count,
            scalars[place] == "_" || scalars[place].properties.isAlphabetic
                || scalars[place].properties.numericType != nil
        { skip(1) }
        return String(String.UnicodeScalarView(scalars[start..<place]))
    }

    private mutating func raw() throws(TemplateFault) -> String {
        skip(1)
        let start = place
        while place < scalars.count, scalars[place] != "`" { skip(1) }
        guard place < scalars.count else { throw TemplateFault(line: line, "a text has no end") }
        defer { skip(1) }
        return String(String.UnicodeScalarView(scalars[start..<place]))
    }

    private mutating func quoted() throws(TemplateFault) -> String {
        skip(1)
        var text = ""
        while place < scalars.count, scalars[place] != "\"", scalars[place] != "\n" {
            var scalar = scalars[place]
            if scalar == "\\" {
                skip(1)
                guard place < scalars.count else { break }
                let plain: [Unicode.Scalar: Unicode.Scalar] = [
                    "n": "\n", "t": "\t", "r": "\r", "\"": "\"", "\\": "\\", "'": "'",
                ]
                guard let meant = plain[scalars[place]] else {
                    throw TemplateFault(line: line, "\\\(scalars[place]) is no escape of a text")
                }
                scalar = meant
            }
            text.unicodeScalars.append(scalar)
            skip(1)
        }
        guard place < scalars.count, scalars[place] == "\"" else {
            throw TemplateFault(line: line, "a text has no end")
        }
        skip(1)
        return text
    }

    private func starts(_ text: String) -> Bool { scalars[place...].starts(with: text.unicodeScalars) }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where place < scalars.count {
            if scalars[place] == "\n" { line += 1 }
            place += 1
        }
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let start = place
        while place < scalars.count, scalars[place].properties.isWhitespace { skip(1) }
        return place > start
    }
}

/// A template that cannot be used.
struct TemplateFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// In the template's own text, from 1.
    let line: Int
    let problem: String

    init(line: Int, _ problem: String) {
        self.line = line
        self.problem = problem
    }

    var description: String { "line \(line) of the template: \(problem)" }
}
