package import Domain

/// Why a file of bars cannot be used; `line` counts from 1.
package enum BarFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The first line does not name a time, open, high, low, close and volume.
    case unknownColumns(String)
    case malformedLine(line: Int, String)
    /// A price or volume that no market has, or a high below a low.
    case impossibleBar(line: Int)
    /// Not after the line before it.
    case outOfOrder(line: Int)
    /// Fewer than two bars, so that their width is unknown.
    case tooShort
    /// The bars are not as wide as any timeframe of the suite.
    case unknownTimeframe(seconds: Int64)
    /// A bar that does not begin where its timeframe does.
    case offGrid(line: Int)

    package var description: String {
        switch self {
        case .unknownColumns(let header):
            "the first line must name timestamp (or date), open, high, low, close, volume; it is \"\(header)\""
        case .malformedLine(let line, let problem): "line \(line): \(problem)"
        case .impossibleBar(let line):
            "line \(line): prices must be above zero with low ≤ open, close ≤ high, volume not negative"
        case .outOfOrder(let line): "line \(line): not after the line before it"
        case .tooShort: "fewer than two bars"
        case .unknownTimeframe(let seconds): "bars of \(seconds) s are no timeframe of the suite"
        case .offGrid(let line): "line \(line): does not begin where its timeframe does"
        }
    }
}

/// Recorded bars as text: a line of column names, then a line a bar, oldest first.
package enum BarFile {
    /// Reads bars of `symbol`.
    ///
    /// The time of a bar is its opening: milliseconds since the epoch under `timestamp`, `ts` or `open_time`, or
    /// `2024-01-31 12:00:00+00:00` under `date`. The timeframe is the smallest distance between two bars.
    ///
    /// - Throws: `BarFileError`.
    package static func parse(_ bytes: [UInt8], symbol: Symbol) throws(BarFileError) -> [Candle] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first else { throw .tooShort }
        let columns = try Columns(text(first))
        var bars: [Candle] = []
        bars.reserveCapacity(lines.count)
        var step = Int64.max
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let bar = try columns.bar(text(line), line: index + 1, symbol: symbol)
            if let last = bars.last {
                guard bar.openTime > last.openTime else { throw .outOfOrder(line: index + 1) }
                step = min(step, (bar.openTime - last.openTime).nanoseconds)
            }
            bars.append(bar)
        }
        guard bars.count > 1 else { throw .tooShort }
        guard let timeframe = Timeframe.allCases.first(where: { $0.span.nanoseconds == step }) else {
            throw .unknownTimeframe(seconds: step / 1_000_000_000)
        }
        return try bars.enumerated().map { (index, bar) throws(BarFileError) in
            guard timeframe.open(containing: bar.openTime) == bar.openTime else { throw .offGrid(line: index + 2) }
            return bar.asTimeframe(timeframe)
        }
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
}

/// Which column holds what.
private struct Columns {
    private let time: Int
    private let isDate: Bool
    private let prices: [Int]
    private let volume: Int

    init(_ header: String) throws(BarFileError) {
        let names = header.split(separator: ",", omittingEmptySubsequences: false).map { $0.lowercased() }
        let prices = ["open", "high", "low", "close"].compactMap { names.firstIndex(of: $0) }
        guard let time = ["timestamp", "ts", "open_time", "date"].lazy.compactMap({ names.firstIndex(of: $0) }).first,
            prices.count == 4, let volume = names.firstIndex(of: "volume")
        else { throw .unknownColumns(String(header.prefix(100))) }
        self.time = time
        self.isDate = names[time] == "date"
        self.prices = prices
        self.volume = volume
    }

    func bar(_ text: String, line: Int, symbol: Symbol) throws(BarFileError) -> Candle {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count > max(time, volume, prices.max() ?? 0) else {
            throw .malformedLine(line: line, "\(fields.count) fields are too few")
        }
        guard let open = isDate ? Self.date(fields[time]) : Int64(fields[time]).map(Timestamp.init(milliseconds:))
        else { throw .malformedLine(line: line, "\"\(fields[time].prefix(40))\" is no time") }
        var values: [Price] = []
        let size: Quantity
        do {
            for column in prices { values.append(try Price(fields[column])) }
            size = try Quantity(fields[volume])
        } catch { throw .malformedLine(line: line, "\(error)") }
        let low = values[2]
        guard low.isPositive, !size.isNegative, values.allSatisfy({ $0 >= low && $0 <= values[1] }) else {
            throw .impossibleBar(line: line)
        }
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: open, open: values[0], high: values[1], low: low,
            close: values[3], volume: size, tradeCount: size.isPositive ? 4 : 0, isFinal: true)
    }

    /// `2024-01-31 12:00:00`, with or without `+00:00`.
    private static func date(_ text: Substring) -> Timestamp? {
        let parts = text.prefix(19).split { "- :T".contains($0) }.compactMap { Int64($0) }
        let zone = text.dropFirst(19)
        guard parts.count == 6, zone.isEmpty || zone == "+00:00" || zone == "Z", (1...12).contains(parts[1]),
            (1...31).contains(parts[2])
        else { return nil }
        let day = CivilDay(year: parts[0], month: parts[1], day: parts[2])
        return Timestamp(seconds: day.daysSinceEpoch * 86_400 + parts[3] * 3600 + parts[4] * 60 + parts[5])
    }
}

extension Candle {
    fileprivate func asTimeframe(_ timeframe: Timeframe) -> Candle {
        Candle(
            symbol: symbol, timeframe: timeframe, openTime: openTime, open: open, high: high, low: low, close: close,
            volume: volume, tradeCount: tradeCount, isFinal: true)
    }
}
