import FoundationEssentials

extension SettingsReader {
    /// The largest secret file, in bytes.
    package static let secretSizeMax = 65_536

    /// The content of the file that `key` (it ends in `_file`) names, without the blanks and line ends around it.
    ///
    /// - Parameter placeholders: `{name}` in the path is replaced by its value.
    /// - Returns: the secret; an empty one after a noted fault.
    package func secret(_ key: String, placeholders: [String: String] = [:]) -> Secret {
        precondition(key.hasSuffix("_file"), "the key of a secret names a file")
        let parts = Self.parts(key)
        guard let raw = raw(parts) else {
            add(
                fault: "is missing; allowed: the path of a file that holds the secret", parts, line: line(of: parts))
            return Secret("")
        }
        guard Settings.opensSecrets else { return Secret("") }
        let file = placeholders.reduce(raw.text) { $0.replacing("{\($1.key)}", with: $1.value) }
        switch Self.read(file) {
        case .success(let secret):
            settings.redactor.remember(secret)
            return secret
        case .failure(let problem):
            add(fault: "\(Self.shown(file)) \(problem.text)", parts, raw, showing: false)
            return Secret("")
        }
    }

    /// Like `secret`, for a key that need not be there; a file that is named must be readable all the same.
    package func optionalSecret(_ key: String, placeholders: [String: String] = [:]) -> Secret? {
        has(key) ? secret(key, placeholders: placeholders) : nil
    }

    private struct Unreadable: Error { let text: String }

    private static func read(_ file: String) -> Result<Secret, Unreadable> {
        guard let data = FileManager.default.contents(atPath: file) else {
            return .failure(Unreadable(text: "cannot be read"))
        }
        guard data.count <= secretSizeMax, let text = String(data: data, encoding: .utf8) else {
            return .failure(Unreadable(text: "is not text of at most \(secretSizeMax) bytes"))
        }
        let secret = text.trimmingBlanks()
        return secret.isEmpty ? .failure(Unreadable(text: "is empty")) : .success(Secret(secret))
    }

    /// The path for a message, unless it may be the secret itself, written in the wrong place.
    private static func shown(_ file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "the file named here" }
        let folder = String(file[..<slash])
        return FileManager.default.fileExists(atPath: folder) ? "the file \(file)" : "the file named here"
    }
}
