/// Tells code from comments and text in Swift source: line and nested block comments, string literals on one and several
/// lines, raw ones, and interpolations, whose code counts as code.
struct Lexer {
    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private var kept: [UInt8] = []
    private(set) var literals: [SourceFile.Literal] = []

    private static let newline = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")
    private static let hash = UInt8(ascii: "#")

    init(_ text: String) {
        source = Array(text.utf8)
        kept.reserveCapacity(source.count)
    }

    /// The source with comments and text blanked out, line by line as before.
    var code: String { String(decoding: kept, as: UTF8.self) }

    mutating func run() {
        while position < source.count { step() }
    }

    private func starts(_ text: StaticString, followedBy hashes: Int = 0) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count + hashes <= source.count else { return false }
        for index in 0..<count where source[position + index] != text.utf8Start[index] { return false }
        return (0..<hashes).allSatisfy { source[position + count + $0] == Self.hash }
    }

    /// Takes bytes as code, or blanks them out.
    private mutating func take(_ count: Int = 1, asCode: Bool) {
        for _ in 0..<count where position < source.count {
            let byte = source[position]
            if byte == Self.newline { line += 1 }
            kept.append(asCode || byte == Self.newline ? byte : UInt8(ascii: " "))
            position += 1
        }
    }

    private mutating func step() {
        if starts("//") {
            while position < source.count, source[position] != Self.newline { take(asCode: false) }
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
        while index < source.count, source[index] == Self.hash { index += 1 }
        guard index < source.count, source[index] == Self.quote else { return nil }
        return index - position
    }

    private mutating func takeLiteral(hashes: Int) {
        let start = line
        take(hashes, asCode: true)
        let isLong = starts("\"\"\"")
        take(isLong ? 3 : 1, asCode: true)
        var text: [UInt8] = []
        while position < source.count,
            !(isLong ? starts("\"\"\"", followedBy: hashes) : starts("\"", followedBy: hashes))
        {
            if starts("\\", followedBy: hashes) {
                if position + 1 + hashes < source.count, source[position + 1 + hashes] == UInt8(ascii: "(") {
                    text.append(UInt8(ascii: " "))
                    take(2 + hashes, asCode: false)
                    takeInterpolation()
                } else {
                    text += source[position..<min(position + 2 + hashes, source.count)]
                    take(2 + hashes, asCode: false)
                }
            } else {
                text.append(source[position])
                take(asCode: false)
            }
        }
        take((isLong ? 3 : 1) + hashes, asCode: true)
        literals.append(SourceFile.Literal(text: String(decoding: text, as: UTF8.self), line: start))
    }

    private mutating func takeInterpolation() {
        var depth = 1
        while position < source.count {
            if source[position] == UInt8(ascii: "(") { depth += 1 }
            if source[position] == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 {
                take(asCode: false)
                return
            }
            step()
        }
    }
}
