/// Why bytes are not a gzip file.
package enum GunzipError: Error, Equatable, Sendable {
    case notGzip
    /// The file ends in the middle, or says something that DEFLATE has no meaning for.
    case damaged
    /// The sum over the content is not the one in the file.
    case wrongChecksum
    /// The content would be larger than the limit, in bytes.
    case tooLarge(Int)
}

/// Unpacks gzip files (RFC 1952, RFC 1951), one member after the other.
package enum Gunzip {
    /// Most bytes that come out; more is refused, so that a small file cannot fill the memory.
    package static let sizeMax = 4 << 30

    /// True when `bytes` begin as a gzip file does.
    package static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.count > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b }

    /// Gives the content of `bytes`.
    ///
    /// - Throws: `GunzipError`.
    package static func unpack(_ bytes: [UInt8], limit: Int = sizeMax) throws(GunzipError) -> [UInt8] {
        var input = BitInput(bytes: bytes)
        var output: [UInt8] = []
        repeat {
            let start = output.count
            try header(&input)
            var inflater = Inflater(limit: limit)
            try inflater.run(&input, into: &output)
            let checksum = try input.word()
            let length = try input.word()
            guard crc32(output[start...]) == checksum, UInt32(truncatingIfNeeded: output.count - start) == length
            else { throw .wrongChecksum }
        } while !input.isAtEnd
        return output
    }

    private static func header(_ input: inout BitInput) throws(GunzipError) {
        guard try input.byte() == 0x1f, try input.byte() == 0x8b, try input.byte() == 8 else { throw .notGzip }
        let flags = try input.byte()
        for _ in 0..<6 { _ = try input.byte() }
        if flags & 4 != 0 {
            let length = Int(try input.byte()) | Int(try input.byte()) << 8
            for _ in 0..<length { _ = try input.byte() }
        }
        for flag in [UInt8(8), 16] where flags & flag != 0 {
            while try input.byte() != 0 {}
        }
        if flags & 2 != 0 { for _ in 0..<2 { _ = try input.byte() } }
    }

    private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (sum >> 8) ^ checksums[Int((sum ^ UInt32(byte)) & 255)]
        }
    }

    private static let checksums: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { sum, _ in sum & 1 == 1 ? (sum >> 1) ^ 0xedb8_8320 : sum >> 1 }
    }
}

/// Bits from bytes, the least significant first.
struct BitInput {
    private let bytes: [UInt8]
    private var next = 0
    private var bits: UInt32 = 0
    private var count = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Only whole bytes are left out of account.
    var isAtEnd: Bool { next >= bytes.count }

    mutating func bit() throws(GunzipError) -> Int {
        if count == 0 {
            bits = UInt32(try rawByte())
            count = 8
        }
        defer {
            bits >>= 1
            count -= 1
        }
        return Int(bits & 1)
    }

    mutating func bits(_ number: Int) throws(GunzipError) -> Int {
        var value = 0
        for place in 0..<number { value |= try bit() << place }
        return value
    }

    /// The next whole byte; what is left of the current one is dropped.
    mutating func byte() throws(GunzipError) -> UInt8 {
        count = 0
        return try rawByte()
    }

    /// Four bytes, the least significant first.
    mutating func word() throws(GunzipError) -> UInt32 {
        var value: UInt32 = 0
        for place in 0..<4 { value |= UInt32(try byte()) << (8 * place) }
        return value
    }

    private mutating func rawByte() throws(GunzipError) -> UInt8 {
        guard next < bytes.count else { throw .damaged }
        defer { next += 1 }
        return bytes[next]
    }
}
