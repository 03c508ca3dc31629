package import Foundation

/// A mail with a plain text and, beside it, the same as HTML.
package struct MailMessage: Sendable {
    package var from: MailAddress
    package var to: [MailAddress]
    /// Any text; line breaks in it become spaces.
    package var subject: String
    package var text: String
    /// Nil: the mail is plain text only.
    package var html: String?
    /// Without brackets, `unique@domain`. The same over retries, so that the receiver can tell a repeat.
    package var id: String
    package var date: Date
    /// The id of the message that it answers, in the shape of `id`.
    package var thread: String?
    /// More headers, such as `Auto-Submitted`; names must be tokens, values may be any text.
    package var headers: [(name: String, value: String)]

    package init(
        from: MailAddress, to: [MailAddress], subject: String, text: String, html: String? = nil, id: String,
        date: Date, thread: String? = nil, headers: [(name: String, value: String)] = []
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.id = id
        self.date = date
        self.thread = thread
        self.headers = headers
    }

    /// The mail as it goes over the wire (RFC 5322), before dots are doubled.
    func render() throws(MailError) -> [UInt8] {
        guard !to.isEmpty, to.count <= 100 else {
            throw MailError(code: .invalidMessage, sent: false, message: "1 to 100 receivers")
        }
        var lines = [
            "Date: \(Self.format(date))", "From: \(from.header)", "To: \(to.map(\.header).joined(separator: ",\r\n "))",
            "Subject: \(MailText.words(subject))", "Message-ID: <\(try MailAddress(id).address)>", "MIME-Version: 1.0",
        ]
        if let thread {
            // An id is never written in encoded words, however long: mail programs compare it.
            let root = "<\(try MailAddress(thread).address)>"
            lines += ["In-Reply-To: \(root)", "References: \(root)"]
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }) else {
                throw MailError(code: .invalidMessage, sent: false, message: "a header is not usable")
            }
            lines.append("\(name): \(MailText.words(value))")
        }
        return Array((lines + body()).joined(separator: "\r\n").utf8)
    }

    private func body() -> [String] {
        let encoding = "Content-Transfer-Encoding: quoted-printable"
        let plain = ["Content-Type: text/plain; charset=utf-8", encoding, "", MailText.quotedPrintable(text)]
        guard let html else { return plain + [""] }
        // "=_" cannot stand in quoted-printable, so no part can hold the boundary.
        let boundary = "=_plimsoll"
        return ["Content-Type: multipart/alternative; boundary=\"\(boundary)\"", "", "--\(boundary)"] + plain
            + ["--\(boundary)", "Content-Type: text/html; charset=utf-8", encoding, ""]
            + [MailText.quotedPrintable(html), "--\(boundary)--", ""]
    }

    private static func format(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
        return formatter.string(from: date)
    }
}
