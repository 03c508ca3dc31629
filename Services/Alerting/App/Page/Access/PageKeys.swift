import Crypto
import Foundation
import ServiceKit

/// Who may use the page and its API: a name and a key each.
struct PageKeys: Sendable {
    /// The file of keys cannot be used.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Shorter ones could be guessed.
    static let keyMin = 24

    /// By the key's SHA-256, so that finding one takes the same time whatever was tried.
    private let names: [Data: String]

    /// - Parameter text: a line each, a name, a space, a key of at least 24 characters; lines that begin with # are skipped.
    /// - Throws: `Failure` that names the line, never the key.
    init(_ text: String) throws(Failure) {
        var names: [Data: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.isEmpty || line.hasPrefix("#") { continue }
            guard words.count == 2, words[1].utf8.count >= Self.keyMin else {
                throw Failure(
                    description: "line \(number + 1): a name and a key of at least \(Self.keyMin) characters are wanted"
                )
            }
            guard names.updateValue(String(words[0]), forKey: Self.digest(String(words[1]))) == nil else {
                throw Failure(description: "line \(number + 1): the key is there twice")
            }
        }
        guard !names.isEmpty else { throw Failure(description: "no key in it") }
        self.names = names
    }

    /// Whose key it is; nil when it is nobody's.
    func name(for key: String) -> String? { names[Self.digest(key)] }

    private static func digest(_ key: String) -> Data { Data(SHA256.hash(data: Data(key.utf8))) }
}
