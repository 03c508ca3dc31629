import Foundation

/// How text is written in mail: RFC 2047 for headers, quoted-printable (RFC 2045) for bodies.
enum MailText {
    /// Any text as the value of a header. Control characters become spaces, so it cannot end the header.
    ///
    /// - Parameter quoted: the text is a name before an address, where some characters need quotes.
    static func words(_ text: String, quoted: Bool = false) -> String {
        let clean = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
        let plain = clean.utf8.allSatisfy { $0 < 0x7f } && clean.utf8.count <= 66 && !clean.contains("=?")
        if plain {
            let atoms = clean.utf8.allSatisfy { !"()<>[]:;@\\,.\"".utf8.contains($0) }
            return quoted && !atoms ? "\"\(clean)\"" : clean
        }
        var encoded: [String] = []
        var chunk: [UInt8] = []
        for character in clean.unicodeScalars {
            let bytes = Array(String(character).utf8)
            if chunk.count + bytes.count > 39 {
                encoded.append(word(chunk))
                chunk = []
            }
            chunk += bytes
        }
        encoded.append(word(chunk))
        return encoded.joined(separator: "\r\n ")
    }

    private static func word(_ bytes: [UInt8]) -> String { "=?UTF-8?B?\(Data(bytes).base64EncodedString())?=" }

    /// A body as quoted-printable: lines of at most 76 characters, CRLF between them.
    static func quotedPrintable(_ text: String) -> String {
        let unified = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return unified.split(separator: "\n", omittingEmptySubsequences: false).map(line).joined(separator: "\r\n")
    }

    private static func line(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var lines: [String] = []
        var current = ""
        for (index, byte) in bytes.enumerated() {
            let last = index == bytes.count - 1
            let space = byte == 0x20 || byte == 0x09
            let plain = (byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "=")) || (space && !last)
            let piece = plain ? String(UnicodeScalar(byte)) : "=" + hexadecimal(byte)
            if current.utf8.count + piece.utf8.count > 75 {
                lines.append(current + "=")
                current = ""
            }
            current += piece
        }
        lines.append(current)
        return lines.joined(separator: "\r\n")
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return byte < 16 ? "0" + digits : digits
    }
}
