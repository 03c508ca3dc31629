import FoundationEssentials

/// The command line of this process, as others on the same computer see it (`ps`).
package enum ProcessArguments {
    /// Blots out the password in every argument of the form `scheme://USER:PASSWORD@…`. The arguments that the program has read
    /// already stay as they are; before the call, for some milliseconds, the password can be seen.
    package static func hidePasswords() {
        guard let range = place, let start = UnsafeMutablePointer<UInt8>(bitPattern: range.lowerBound) else { return }
        // The memory of the process itself, written by the kernel before the start; nobody else uses it any more.
        let bytes = UnsafeMutableBufferPointer(start: start, count: range.count)
        for position in passwords(in: bytes) { bytes[position] = UInt8(ascii: "x") }
    }

    /// The places of the letters of passwords in a list of arguments, each ended by a zero.
    static func passwords(in bytes: some RandomAccessCollection<UInt8>) -> [Int] {
        let bytes = Array(bytes)
        var places: [Int] = []
        for argument in bytes.indices.split(whereSeparator: { bytes[$0] == 0 }) {
            let text = bytes[argument]
            let mark = Array("://".utf8)
            guard
                let scheme = text.indices.dropLast(mark.count).first(where: { Array(text[$0..<$0 + 3]) == mark }),
                let at = text[(scheme + 3)...].prefix(while: { $0 != UInt8(ascii: "/") }).lastIndex(
                    of: UInt8(ascii: "@")),
                let colon = text[(scheme + 3)..<at].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            places += (colon + 1)..<at
        }
        return places
    }

    /// The addresses between which the kernel keeps the arguments: fields 48 and 49 of /proc/self/stat. Nil where it does not say.
    private static var place: Range<UInt>? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/stat") else { return nil }
        // The second field, the name in brackets, may hold blanks.
        let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 46, let start = UInt(fields[45]), let end = UInt(fields[46]), start > 0, start < end else {
            return nil
        }
        return start..<end
    }
}
