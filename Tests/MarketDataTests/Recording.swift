import Domain
import Foundation
import TestKit
import Testing

/// Reads the recorded files beside the checkout, by means of its own.
enum Recording {
    /// Open, high, low, close and volume by open time, each in steps of 1e-8.
    typealias Bars = [Timestamp: [Int64]]

    /// The bars of a `timestamp,open,high,low,close,volume` file, with the times in milliseconds.
    static func bars(_ file: URL) throws -> Bars {
        var bars: Bars = [:]
        for row in try table(file) {
            try #require(row.count >= 6)
            bars[Timestamp(milliseconds: row[0].whole)] = row[1...5].map { $0.whole * 100_000_000 + $0.fraction }
        }
        return bars
    }

    /// Recorded bars put together to wider ones.
    static func wider(_ bars: Bars, _ timeframe: Timeframe) -> Bars {
        let width = timeframe.span.nanoseconds
        var slots: Bars = [:]
        for (time, bar) in bars.sorted(by: { $0.key < $1.key }) {
            let open = Timestamp(nanoseconds: time.nanoseconds / width * width)
            guard let slot = slots[open] else {
                slots[open] = bar
                continue
            }
            slots[open] = [slot[0], max(slot[1], bar[1]), min(slot[2], bar[2]), bar[3], slot[4] + bar[4]]
        }
        return slots
    }

    /// Prints of a file of raw trade frames' fields.
    static func trades(_ file: URL, symbol: Symbol) throws -> [Print] {
        let rows = String(decoding: try contents(file), as: UTF8.self).split(whereSeparator: \.isNewline)
        let header = try #require(rows.first).split(separator: ",")
        func column(_ name: String) throws -> Int { try #require(header.firstIndex(of: Substring(name))) }
        let (id, price, quantity) = (try column("t"), try column("p"), try column("q"))
        let (time, maker) = (try column("T"), try column("m"))
        return try rows.dropFirst().map { line in
            let fields = line.split(separator: ",")
            return Print(
                id: try #require(Int64(fields[id])), symbol: symbol, price: try Price(fields[price]),
                quantity: try Quantity(fields[quantity]), aggressor: fields[maker] == "true" ? .sell : .buy,
                time: Timestamp(milliseconds: try #require(Int64(fields[time]))))
        }
    }

    /// The numbers of a table without its first line, the fraction in steps of 1e-8, rounded half up: the files hold binary
    /// floating point, `956766.9300000001` was 956766.93.
    private static func table(_ file: URL) throws -> [[(whole: Int64, fraction: Int64)]] {
        let bytes = try contents(file)
        var rows: [[(whole: Int64, fraction: Int64)]] = []
        var row: [(whole: Int64, fraction: Int64)] = []
        var whole: Int64 = 0
        var fraction: Int64 = 0
        var step: Int64 = 0
        var isHeader = true
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int64(byte - 48)
                if step == 0 { whole = whole * 10 + digit }
                if step == 1, digit >= 5 { fraction += 1 }
                fraction += digit * (step / 10)
                step = step > 1 ? step / 10 : step == 1 ? -1 : step
            case UInt8(ascii: "."): step = 100_000_000
            case UInt8(ascii: ","), UInt8(ascii: "\n"):
                row.append((whole, fraction))
                (whole, fraction, step) = (0, 0, 0)
                guard byte == UInt8(ascii: "\n") else { continue }
                if !isHeader { rows.append(row) }
                isHeader = false
                row = []
            default: if !isHeader, byte != UInt8(ascii: "\r") { try #require(Bool(false), "\(file.path): \(byte)") }
            }
        }
        return rows
    }

    private static func contents(_ file: URL) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Array(data)
    }
}
