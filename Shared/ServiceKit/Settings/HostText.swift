/// What the text of an address tells about where it leads.
enum HostText {
    /// An http or ws address whose host is neither this computer nor one of a private network: a name without dots, one under
    /// `.local` or `.internal`, or an address of a private range.
    static func isSentInClear(_ url: String) -> Bool {
        guard let scheme = ["http://", "ws://"].first(where: url.hasPrefix) else { return false }
        let place = url.dropFirst(scheme.count).prefix { $0 != "/" }
        if place.hasPrefix("[") { return !isPrivate6(place.dropFirst().prefix { $0 != "]" }.lowercased()) }
        let host = place.prefix { $0 != ":" }.lowercased()
        return !isPrivate(host)
    }

    private static func isPrivate(_ host: String) -> Bool {
        if !host.contains(".") || [".local", ".internal", ".localhost"].contains(where: host.hasSuffix) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts[2] != nil, parts[3] != nil else {
            return false
        }
        switch first {
        case 10, 127: return true
        case 172: return (16...31).contains(second)
        case 192: return second == 168
        case 169: return second == 254
        default: return false
        }
    }

    private static func isPrivate6(_ host: String) -> Bool {
        host == "::1" || ["fc", "fd", "fe80:"].contains(where: host.hasPrefix)
    }
}
