import CRE2

/// A regular expression in Go's syntax (RE2), anchored at both ends as in Prometheus: `^(?:…)$`.
///
/// Matching takes time in proportion to the text, whatever the pattern is.
final class Pattern: Sendable {
    /// Most bytes of a pattern, so that nobody can fill the memory with them.
    static let bytesMax = 8192
    /// Most bytes that the compiled pattern and its caches take; RE2 refuses what needs more.
    private static let memoryMax: Int64 = 4 << 20

    /// Why a pattern is refused, in Go's words.
    struct Failure: Error, Equatable, Sendable {
        let description: String
    }

    /// RE2 is made to be matched by many threads at once.
    nonisolated(unsafe) private let expression: OpaquePointer

    /// - Throws: `Failure` with what is wrong and where.
    init(_ text: String) throws(Failure) {
        guard text.utf8.count <= Self.bytesMax else {
            throw Failure(description: "the regular expression is longer than \(Self.bytesMax) bytes")
        }
        var anchored = "^(?:\(text))$"
        let (expression, failure) = anchored.withUTF8 { Self.compile($0) }
        guard let expression else { throw failure }
        self.expression = expression
    }

    deinit { cre2_free(expression) }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cre2_matches(expression, $0.baseAddress, $0.count) != 0 }
        }
    }

    private static func compile(_ pattern: UnsafeBufferPointer<UInt8>) -> (OpaquePointer?, Failure) {
        var error = cre2_none
        var length = 200
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { fragment in
            let expression = pattern.withMemoryRebound(to: CChar.self) {
                cre2_compile($0.baseAddress, $0.count, memoryMax, &error, fragment.baseAddress, &length)
            }
            let part = String(decoding: fragment.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
            return (expression, Failure(description: "error parsing regexp: \(words(error)): `\(part)`"))
        }
    }

    private static func words(_ error: cre2_error) -> String {
        switch error {
        case cre2_bad_escape: "invalid escape sequence"
        case cre2_bad_class: "invalid character class"
        case cre2_bad_range: "invalid character class range"
        case cre2_missing_bracket: "missing closing ]"
        case cre2_missing_parenthesis: "missing closing )"
        case cre2_unexpected_parenthesis: "unexpected )"
        case cre2_trailing_backslash: "trailing backslash at end of expression"
        case cre2_missing_repeat_argument: "missing argument to repetition operator"
        case cre2_bad_repeat_size: "invalid repeat count"
        case cre2_bad_repeat_operator: "invalid nested repetition operator"
        case cre2_bad_perl_operator: "invalid or unsupported Perl syntax"
        case cre2_bad_utf8: "invalid UTF-8"
        case cre2_bad_capture_name: "invalid named capture"
        case cre2_too_large: "expression too large"
        default: "internal error"
        }
    }
}
