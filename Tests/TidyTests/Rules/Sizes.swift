/// How long files and functions may be.
extension Rule {
    static let sizes: [Rule] = [
        Rule(name: "a file has at most \(Size.fileMax) lines") { file in
            guard file.path.hasSuffix(".swift"), file.lines.count > Size.fileMax else { return [] }
            return [Finding(path: file.path, line: 0, problem: "\(file.lines.count) lines")]
        },
        Rule(name: "a function has at most \(Size.functionMax) lines") { file in
            Size.functions(in: file).filter { $0.lines > Size.functionMax }.map {
                Finding(path: file.path, line: $0.line, problem: "\($0.lines) lines")
            }
        },
    ]
}

enum Size {
    static let fileMax = 500
    static let fileWanted = 300
    static let functionMax = 70
    static let functionWanted = 40

    struct Function {
        /// From 1.
        let line: Int
        /// From the declaration to the closing brace.
        let lines: Int
    }

    /// What is longer than wanted though allowed, for the report.
    static func overlong(_ file: SourceFile) -> [Finding] {
        guard file.path.hasSuffix(".swift") else { return [] }
        var findings: [Finding] = []
        if (fileWanted + 1...fileMax).contains(file.lines.count) {
            findings.append(Finding(path: file.path, line: 0, problem: "\(file.lines.count) lines"))
        }
        for function in functions(in: file) where (functionWanted + 1...functionMax).contains(function.lines) {
            findings.append(
                Finding(path: file.path, line: function.line, problem: "function of \(function.lines) lines"))
        }
        return findings
    }

    /// Functions and initialisers with a body, found by their braces.
    static func functions(in file: SourceFile) -> [Function] {
        guard file.path.hasSuffix(".swift") else { return [] }
        return declaration.lines(of: file.codeText, file.code).compactMap { index, _ in
            guard !file.code[index].contains(".init("), let end = end(ofBodyFrom: index, file.code) else { return nil }
            return Function(line: index + 1, lines: end - index + 1)
        }
    }

    private static let declaration: Pattern = #"(^|\s)(func\s+\S|init[?!]?\s*[(<]|deinit\b|subscript\s*[(<])"#
    private static let nextDeclaration: Pattern = #"^\s*(func|init|var|let|case|\})"#

    /// The line of the brace that closes the first one opened outside of parentheses; nil when there is no body.
    private static func end(ofBodyFrom start: Int, _ code: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            if index > start, braces == 0, parentheses == 0, nextDeclaration.isIn(code[index]) {
                return nil
            }
            for byte in code[index].utf8 {
                switch byte {
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
                case UInt8(ascii: "}") where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }
}
