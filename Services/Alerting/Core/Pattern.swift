/// A regular expression of a small, safe kind: alternatives of literals, `.`, `.*`, `.+` and escaped characters.
///
/// It is anchored at both ends and takes time proportional to pattern and text, whatever either is.
struct Pattern: Hashable, Sendable {
    private enum Piece: Hashable, Sendable {
        case literal(Unicode.Scalar)
        case any
        case anyNumber
    }

    private let alternatives: [[Piece]]

    /// - Returns: nil when the text uses more of the language than this.
    init?(_ text: String) {
        guard text.utf8.count <= 1000 else { return nil }
        var alternatives: [[Piece]] = []
        var current: [Piece] = []
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "|":
                alternatives.append(current)
                current = []
            case ".":
                if rest.first == "*" || rest.first == "+" {
                    if rest.removeFirst() == "+" { current.append(.any) }
                    current.append(.anyNumber)
                } else {
                    current.append(.any)
                }
            case "\\":
                guard let escaped = rest.popFirst(), !escaped.properties.isAlphabetic,
                    escaped.properties.numericType == nil
                else { return nil }
                current.append(.literal(escaped))
            case "*", "+", "?", "(", ")", "[", "]", "{", "}", "^", "$": return nil
            default: current.append(.literal(scalar))
            }
        }
        self.alternatives = alternatives + [current]
    }

    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return alternatives.contains { Self.matches($0, scalars) }
    }

    /// Follows all positions in the pattern at once.
    private static func matches(_ pieces: [Piece], _ text: [Unicode.Scalar]) -> Bool {
        var here = closed([true] + Array(repeating: false, count: pieces.count), pieces)
        for scalar in text {
            var next = Array(repeating: false, count: pieces.count + 1)
            for index in pieces.indices where here[index] {
                switch pieces[index] {
                case .literal(let literal): if literal == scalar { next[index + 1] = true }
                case .any: next[index + 1] = true
                case .anyNumber: next[index] = true
                }
            }
            here = closed(next, pieces)
        }
        return here[pieces.count]
    }

    /// `.*` may also stand for nothing.
    private static func closed(_ positions: [Bool], _ pieces: [Piece]) -> [Bool] {
        var positions = positions
        for index in pieces.indices where positions[index] && pieces[index] == .anyNumber {
            positions[index + 1] = true
        }
        return positions
    }
}
