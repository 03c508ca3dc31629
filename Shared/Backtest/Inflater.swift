/// DEFLATE (RFC 1951), the way Mark Adler's `puff` describes it: canonical codes walked bit by bit.
struct Inflater {
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func run(_ input: inout BitInput, into output: inout [UInt8]) throws(GunzipError) {
        let start = output.count
        var isLast = false
        while !isLast {
            isLast = try input.bit() == 1
            switch try input.bits(2) {
            case 0: try stored(&input, &output)
            case 1: try compressed(&input, &output, Self.fixedLengths, Self.fixedDistances, from: start)
            case 2:
                let (lengths, distances) = try dynamicCodes(&input)
                try compressed(&input, &output, lengths, distances, from: start)
            default: throw .damaged
            }
        }
    }

    private func stored(_ input: inout BitInput, _ output: inout [UInt8]) throws(GunzipError) {
        let length = Int(try input.byte()) | Int(try input.byte()) << 8
        let inverse = Int(try input.byte()) | Int(try input.byte()) << 8
        guard length == ~inverse & 0xffff else { throw .damaged }
        for _ in 0..<length { output.append(try input.byte()) }
        guard output.count <= limit else { throw .tooLarge(limit) }
    }

    private func compressed(
        _ input: inout BitInput, _ output: inout [UInt8], _ lengths: HuffmanCode, _ distances: HuffmanCode,
        from start: Int
    ) throws(GunzipError) {
        while true {
            let symbol = try lengths.symbol(&input)
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            guard symbol > 256 else { return }
            guard symbol - 257 < Self.lengthBase.count else { throw .damaged }
            let length = Self.lengthBase[symbol - 257] + (try input.bits(Self.lengthBits[symbol - 257]))
            let distanceSymbol = try distances.symbol(&input)
            guard distanceSymbol < Self.distanceBase.count else { throw .damaged }
            let distance = Self.distanceBase[distanceSymbol] + (try input.bits(Self.distanceBits[distanceSymbol]))
            guard distance <= output.count - start else { throw .damaged }
            guard output.count + length <= limit else { throw .tooLarge(limit) }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    private func dynamicCodes(_ input: inout BitInput) throws(GunzipError) -> (HuffmanCode, HuffmanCode) {
        let lengthCount = try input.bits(5) + 257
        let distanceCount = try input.bits(5) + 1
        let codeCount = try input.bits(4) + 4
        var codeLengths = [Int](repeating: 0, count: 19)
        for index in 0..<codeCount { codeLengths[Self.codeOrder[index]] = try input.bits(3) }
        let code = try HuffmanCode(codeLengths)
        var lengths: [Int] = []
        while lengths.count < lengthCount + distanceCount {
            let symbol = try code.symbol(&input)
            switch symbol {
            case 0..<16: lengths.append(symbol)
            case 16:
                guard let previous = lengths.last else { throw .damaged }
                lengths += Array(repeating: previous, count: 3 + (try input.bits(2)))
            case 17: lengths += Array(repeating: 0, count: 3 + (try input.bits(3)))
            default: lengths += Array(repeating: 0, count: 11 + (try input.bits(7)))
            }
        }
        guard lengths.count == lengthCount + distanceCount else { throw .damaged }
        return (try HuffmanCode(Array(lengths[..<lengthCount])), try HuffmanCode(Array(lengths[lengthCount...])))
    }

    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12289, 16385, 24577,
    ]
    private static let distanceBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
    private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let fixedLengths = HuffmanCode(
        unchecked: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = HuffmanCode(unchecked: Array(repeating: 5, count: 30))
}

/// A canonical Huffman code of up to 15 bits.
struct HuffmanCode {
    /// How many codes there are of each length.
    private var counts = [Int](repeating: 0, count: 16)
    /// The symbols in the order of their codes.
    private var symbols: [Int]

    /// - Throws: `damaged` when there are more codes than the lengths allow.
    init(_ lengths: [Int]) throws(GunzipError) {
        self.init(unchecked: lengths)
        var left = 1
        for length in 1...15 {
            left = left * 2 - counts[length]
            if left < 0 { throw .damaged }
        }
    }

    init(unchecked lengths: [Int]) {
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    func symbol(_ input: inout BitInput) throws(GunzipError) -> Int {
        var code = 0
        var first = 0
        var index = 0
        for length in 1...15 {
            code |= try input.bit()
            let count = counts[length]
            if code - count < first { return symbols[index + (code - first)] }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw .damaged
    }
}
