import Domain
import Foundation
import Testing

/// Reads the recorded files beside the checkout.
enum Recording {
    /// Bars of a `timestamp,open,high,low,close,volume` file, with the times in milliseconds.
    static func bars(_ file: URL, symbol: Symbol, timeframe: Timeframe) throws -> [Candle] {
        try lines(file).dropFirst().map { line in
            let fields = line.split(separator: ",")
            try #require(fields.count >= 6)
            return Candle(
                symbol: symbol, timeframe: timeframe,
                openTime: Timestamp(milliseconds: try #require(Int64(fields[0]))), open: try Price(fields[1]),
                high: try Price(fields[2]), low: try Price(fields[3]), close: try Price(fields[4]),
                volume: try rounded(fields[5]), tradeCount: 0, isFinal: true, source: .klines)
        }
    }

    /// Prints of a file of raw trade frames' fields.
    static func trades(_ file: URL, symbol: Symbol) throws -> [Print] {
        let rows = try lines(file)
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

    /// The files hold binary floating point: `1275270.8999999999` was 1275270.9; no lot is finer than 1e-6.
    private static func rounded(_ text: Substring) throws -> Quantity {
        var exact = try #require(Decimal(string: String(text)))
        var result = Decimal()
        NSDecimalRound(&result, &exact, 6, .bankers)
        return try Quantity(result.description)
    }

    private static func lines(_ file: URL) throws -> [Substring] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
    }
}
