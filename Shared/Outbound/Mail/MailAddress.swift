/// A mailbox that can stand in a header and in the envelope without harm.
package struct MailAddress: Sendable, Equatable, CustomStringConvertible {
    /// What people see; may be empty.
    package let name: String
    /// `local@domain`, ASCII without spaces, quotes, brackets or control characters.
    package let address: String

    /// From `ops@example.com` or `Operations <ops@example.com>`.
    ///
    /// - Throws: `MailError` with `invalidMessage`.
    package init(_ text: String) throws(MailError) {
        let trimmed = text.trimmed
        if trimmed.hasSuffix(">"), let open = trimmed.lastIndex(of: "<") {
            address = String(trimmed[trimmed.index(after: open)...].dropLast())
            name = String(trimmed[..<open]).trimmed
        } else {
            address = trimmed
            name = ""
        }
        let allowed = address.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && !"<>()[]\\,;:\"".utf8.contains(byte)
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard allowed, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), address.utf8.count <= 254,
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }), !name.contains("\"")
        else { throw MailError(code: .invalidMessage, sent: false, message: "not a mail address") }
    }

    package var description: String { name.isEmpty ? address : "\(name) <\(address)>" }

    /// As it stands in a header.
    var header: String { name.isEmpty ? address : "\(MailText.words(name, quoted: true)) <\(address)>" }
}

extension String {
    var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...last])
    }
}
