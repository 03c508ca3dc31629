/// Whether a text is an address as Go's `url.ParseRequestURI` takes one, which is what Alertmanager asks of `generatorURL`.
struct URIReference {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// With a scheme, or a path that begins with a slash.
    var isValid: Bool {
        guard !bytes.isEmpty, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return false }
        if bytes == [UInt8(ascii: "*")] { return true }
        var rest = bytes[...]
        var hasScheme = false
        if let colon = bytes.firstIndex(where: { !Self.isScheme($0) }), bytes[colon] == UInt8(ascii: ":"),
            !Self.isDigitOrSign(bytes[0])
        {
            guard colon > 0 else { return false }
            hasScheme = true
            rest = bytes[(colon + 1)...]
        }
        let path = rest.prefix { $0 != UInt8(ascii: "?") }
        guard path.first == UInt8(ascii: "/") else { return hasScheme }
        guard hasScheme, path.starts(with: "//".utf8) else { return Self.isEscaped(path) }
        let authority = path.dropFirst(2).prefix { $0 != UInt8(ascii: "/") }
        return Self.isAuthority(authority) && Self.isEscaped(path.dropFirst(2 + authority.count))
    }

    private static func isScheme(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) && byte >= 0x41 || isDigitOrSign(byte)
    }

    private static func isDigitOrSign(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
    }

    /// Every percent sign is followed by two hexadecimal digits.
    private static func isEscaped(_ text: ArraySlice<UInt8>) -> Bool {
        text.indices.allSatisfy { index in
            guard text[index] == UInt8(ascii: "%") else { return true }
            return index + 2 < text.endIndex
                && [index + 1, index + 2].allSatisfy {
                    Character(Unicode.Scalar(text[$0])).isHexDigit && text[$0] < 0x80
                }
        }
    }

    private static func isAuthority(_ authority: ArraySlice<UInt8>) -> Bool {
        var host = authority
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            let user = authority[..<at]
            guard user.allSatisfy(isUser), isEscaped(user) else { return false }
            host = authority[(at + 1)...]
        }
        var name = host
        var port = host[host.endIndex...]
        if host.first == UInt8(ascii: "[") {
            guard let end = host.lastIndex(of: UInt8(ascii: "]")) else { return false }
            name = host[...end]
            port = host[(end + 1)...]
        } else if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
            name = host[..<colon]
            port = host[colon...]
        }
        let isPort =
            port.isEmpty
            || port.first == UInt8(ascii: ":") && port.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
        return isPort && isHost(name)
    }

    private static func isUser(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "-._:~!$&'()*+,;=%@".utf8.contains(byte)
    }

    /// Escapes in a host stand for what is not ASCII only.
    private static func isHost(_ name: ArraySlice<UInt8>) -> Bool {
        guard isEscaped(name) else { return false }
        return name.indices.allSatisfy { index in
            let byte = name[index]
            if byte == UInt8(ascii: "%") {
                return name[index + 1] >= UInt8(ascii: "8") || name[(index + 1)...].starts(with: "25".utf8)
            }
            return byte >= 0x80 || isLetterOrDigit(byte) || "-_.~!$&'()*+,;=:[]<>\"".utf8.contains(byte)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}
