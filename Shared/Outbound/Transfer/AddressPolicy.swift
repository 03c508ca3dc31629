import Glibc

/// Which addresses a client may connect to. Looked at when the socket is opened, so a name that resolves anew gains nothing.
package enum AddressPolicy: Sendable {
    case anywhere
    /// Only addresses of the public internet: a receiver that a user typed in cannot reach what is inside.
    case publicOnly

    /// Whether a socket address may be connected to.
    func allows(_ address: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .anywhere: return true
        case .publicOnly:
            guard address.count >= MemoryLayout<sa_family_t>.size else { return false }
            switch Int32(address.loadUnaligned(as: sa_family_t.self)) {
            case AF_INET where address.count >= 8: return Self.isPublic(v4: Array(address[4..<8]))
            case AF_INET6 where address.count >= 24: return Self.isPublic(v6: Array(address[8..<24]))
            default: return false
            }
        }
    }

    /// Whether four bytes are an address of the public internet (IANA's special-purpose registry).
    static func isPublic(v4 bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
        case (100, 64...127, _): false
        case (169, 254, _), (192, 168, _), (172, 16...31, _): false
        case (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113): false
        case (198, 18...19, _): false
        default: true
        }
    }

    /// Whether sixteen bytes are an address of the public internet; those that carry an IPv4 address are judged by it.
    static func isPublic(v6 bytes: [UInt8]) -> Bool {
        if bytes[0..<10].allSatisfy({ $0 == 0 }) {
            // ::/96 and ::ffff:0:0/96; the first holds :: and ::1 too.
            return bytes[10] == 0xff && bytes[11] == 0xff && isPublic(v4: Array(bytes[12..<16]))
        }
        // 64:ff9b::/96 translates to IPv4; 2002::/16 tunnels to the IPv4 address in it.
        if bytes[0..<4] == [0, 0x64, 0xff, 0x9b] { return isPublic(v4: Array(bytes[12..<16])) && bytes[4] == 0 }
        if bytes[0..<2] == [0x20, 0x02] { return isPublic(v4: Array(bytes[2..<6])) }
        // Global unicast is 2000::/3; in it Teredo and documentation are not.
        guard bytes[0] & 0xe0 == 0x20 else { return false }
        return bytes[0..<4] != [0x20, 0x01, 0, 0] && bytes[0..<4] != [0x20, 0x01, 0x0d, 0xb8]
    }
}
