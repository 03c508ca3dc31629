import Foundation
import ServiceKit

/// Reads secrets, from the file itself or from one that it names, and remembers that they are secret.
struct SecretReader {
    let findings: ConfigurationReader.Findings

    /// The secret at `key`, or in the file that `key_file` names; nil when neither is there.
    func secret(_ item: SettingsReader, _ key: String) -> Secret? {
        let hasFile = item.has("\(key)_file")
        if hasFile, item.has(key) { item.fault("\(key)_file", "stands beside \(key)") }
        let secret: Secret? =
            if hasFile { item.secret("\(key)_file") } else if item.has(key) { inline(item, key) } else { nil }
        if let secret { findings.secrets.append(secret) }
        return secret
    }

    /// As `secret`, for an address that must be one of the web.
    func address(_ item: SettingsReader, _ key: String) -> Secret? {
        guard let secret = secret(item, key) else { return nil }
        let text = secret.reveal()
        let isAddress =
            (text.hasPrefix("https://") || text.hasPrefix("http://")) && URL(string: text)?.host?.isEmpty == false
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        if !text.isEmpty, !isAddress { item.fault(key, "must be an address that begins with http:// or https://") }
        return secret
    }

    private func inline(_ item: SettingsReader, _ key: String) -> Secret {
        let secret = Secret(item.string(key))
        // The address of a webhook is a secret to some and known to all to others: it is kept out of logs, not warned of.
        if key != "url" { findings.inlineSecrets.append(key) }
        return secret
    }
}

/// Text as the `Authorization` header wants it.
enum Base64 {
    static func encode(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
