/// Tells code from comments and text in Swift source: line and nested block comments, string literals on one and several
/// lines, raw ones, and interpolations, whose code counts as code.
struct Lexer {
    private let source: [Character]
    private var position = 0
    private var line = 1
    /// The source with comments and text blanked out, line by line as before.
    private(set) var code = ""
    private(set) var literals: [SourceFile.Literal] = []

    init(_ text: String) { self.source = Array(text) }

    mutating func run() {
        while position < source.count { step() }
    }

    private func starts(_ text: String) -> Bool {
        var index = position
        for character in text {
            guard index < source.count, source[index] == character else { return false }
            index += 1
        }
        return true
    }

    /// Takes characters as code, or blanks them out.
    private mutating func take(_ count: Int = 1, asCode: Bool) {
        for _ in 0..<count where position < source.count {
            let character = source[position]
            if character.isNewline { line += 1 }
            code.append(asCode || character.isNewline ? character : " ")
            position += 1
        }
    }

    private mutating func step() {
        if starts("//") {
            while position < source.count, !source[position].isNewline { take(asCode: false) }
        } else if starts("/*") {
            takeBlockComment()
        } else if let hashes = literalHashes() {
            takeLiteral(hashes: hashes)
        } else {
            take(asCode: true)
        }
    }

    private mutating func takeBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                take(2, asCode: false)
            } else if starts("*/") {
                depth -= 1
                take(2, asCode: false)
            } else {
                take(asCode: false)
            }
        } while depth > 0 && position < source.count
    }

    /// The number of `#` before a literal that begins here; nil when none does.
    private func literalHashes() -> Int? {
        var index = position
        while index < source.count, source[index] == "#" { index += 1 }
        guard index < source.count, source[index] == "\"" else { return nil }
        return index - position
    }

    private mutating func takeLiteral(hashes: Int) {
        let marks = String(repeating: "#", count: hashes)
        let start = line
        take(hashes, asCode: true)
        let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
        take(quotes.count, asCode: true)
        var text = ""
        while position < source.count, !starts(quotes + marks) {
            if starts("\\\(marks)(") {
                text += " "
                take(2 + hashes, asCode: false)
                takeInterpolation()
            } else if starts("\\\(marks)") {
                text.append(contentsOf: source[position..<min(position + 2 + hashes, source.count)])
                take(2 + hashes, asCode: false)
            } else {
                text.append(source[position])
                take(asCode: false)
            }
        }
        take(quotes.count + hashes, asCode: true)
        literals.append(SourceFile.Literal(text: text, line: start))
    }

    private mutating func takeInterpolation() {
        var depth = 1
        while position < source.count {
            if source[position] == "(" { depth += 1 }
            if source[position] == ")" { depth -= 1 }
            if depth == 0 {
                take(asCode: false)
                return
            }
            step()
        }
    }
}
