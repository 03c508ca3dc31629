import Synchronization

/// The last line of defence against a secret in a log line: it knows every secret that was read and blots it out.
///
/// Secrets shorter than `lengthMin` are not searched for, since they would blot out ordinary words.
package final class Redactor: Sendable {
    /// The shortest text that is searched for, in characters.
    package static let lengthMin = 6

    private let texts = Mutex<[String]>([])

    package init() {}

    /// Remembers a secret, longest first so that one that contains another is blotted out whole.
    package func remember(_ secret: Secret) {
        let text = secret.reveal()
        guard text.count >= Self.lengthMin else { return }
        texts.withLock { texts in
            guard !texts.contains(text) else { return }
            texts.append(text)
            texts.sort { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
        }
    }

    /// The text with every known secret replaced by `<secret>`.
    package func redact(_ text: String) -> String {
        let known = texts.withLock { $0 }
        var result = text
        for secret in known where result.contains(secret) {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<secret>")
        }
        return result
    }
}
