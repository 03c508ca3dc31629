import Foundation

/// Looks at the files of secrets without telling what is in them.
struct SecretChecks {
    /// What a secret should look like.
    enum Form {
        /// Anything of at least so many characters on one line.
        case password(Int)
        /// What exchanges and other providers hand out: printable ASCII without blanks, of at least so many characters.
        case key(Int)
    }

    /// Checks that a file holds a secret of that form, and that nobody else may read it.
    static func check(_ subject: String, file: String, _ form: Form) -> Finding {
        guard let data = FileManager.default.contents(atPath: file) else {
            return .fail(
                subject, "\(file) cannot be read",
                mend: "put the secret into this file, readable by the user of the services alone (chmod 600)")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            return .fail(subject, "\(file) is not text", mend: "write the secret as one line of text")
        }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if let fault = fault(secret, form) {
            return .fail(subject, "\(file) \(fault)", mend: "write the secret alone, on one line")
        }
        // Its content was read; where the mode is not told there is nothing to warn of.
        let mode = (try? FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber)?.intValue
        if let mode, mode & 0o077 != 0 {
            return .warn(subject, "\(file) may be read by others", mend: "chmod 600 \(file)")
        }
        return .ok(subject, "\(secret.count) characters, private")
    }

    private static func fault(_ secret: String, _ form: Form) -> String? {
        if secret.isEmpty { return "is empty" }
        if secret.contains(where: \.isNewline) { return "has more than one line" }
        switch form {
        case .password(let least):
            return secret.count < least ? "has fewer than \(least) characters" : nil
        case .key(let least):
            guard secret.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return "has blanks or letters no key has" }
            return secret.count < least ? "is too short for a key" : nil
        }
    }
}
