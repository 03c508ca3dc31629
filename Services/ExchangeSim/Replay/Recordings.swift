import Domain
import Exchanges
import Foundation

/// Reads recordings by what their first line says they are: bars, trades, or raw frames.
enum Recordings {
    /// A recording that is not what it should be.
    struct Malformed: Error, CustomStringConvertible {
        let path: String
        let line: Int
        let reason: String
        var description: String { "\(path):\(line): \(reason)" }
    }

    /// Reads one file. Blocks; not for the cooperative pool.
    ///
    /// The name of a file of bars begins with its symbol: `BTCUSDT-1m.csv.gz`.
    static func source(_ path: String) throws -> any MarketSource {
        let bytes = try GzipFile.read(path)
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard let first = lines.first else { throw Malformed(path: path, line: 1, reason: "is empty") }
        let header = String(decoding: first, as: UTF8.self)
        if header.hasPrefix("timestamp,open,high,low,close,volume") { return try bars(path, lines.dropFirst()) }
        if header.hasPrefix("recv_ns,e,E,s,t,p,q,T,m") { return try trades(path, lines.dropFirst()) }
        if header.hasPrefix("{") { return try frames(path, lines) }
        throw Malformed(path: path, line: 1, reason: "is no recording of bars, trades or frames")
    }

    private static func bars(_ path: String, _ lines: ArraySlice<ArraySlice<UInt8>>) throws -> any MarketSource {
        let file = path.split(separator: "/").last ?? ""
        guard let name = file.split(separator: "-").first, let symbol = Symbol(name) else {
            throw Malformed(path: path, line: 1, reason: "the file's name does not begin with a symbol")
        }
        guard file.contains("-1m.") else { throw Malformed(path: path, line: 1, reason: "is not of one minute") }
        var rows: [BarSource.Row] = []
        rows.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            let cells = fields(line)
            guard cells.count >= 6, let milliseconds = Int64(cells[0]), let open = amount(cells[1]),
                let high = amount(cells[2]), let low = amount(cells[3]), let close = amount(cells[4]),
                let volume = amount(cells[5])
            else { throw Malformed(path: path, line: index + 2, reason: "is no bar") }
            let time = Timestamp(milliseconds: milliseconds)
            guard rows.last.map({ $0.openTime < time }) ?? true else {
                throw Malformed(path: path, line: index + 2, reason: "goes back in time")
            }
            rows.append(
                BarSource.Row(
                    openTime: time, open: Price(raw: open), high: Price(raw: high), low: Price(raw: low),
                    close: Price(raw: close), volume: Quantity(raw: volume)))
        }
        return BarSource(MarketSpecification(symbol).instrument, rows: rows)
    }

    private static func trades(_ path: String, _ lines: ArraySlice<ArraySlice<UInt8>>) throws -> any MarketSource {
        var reader = RecordedItems()
        for (index, line) in lines.enumerated() {
            let cells = fields(line)
            guard cells.count >= 9, let symbol = Symbol(cells[3]), let id = Int64(cells[4]),
                let price = Price(cells[5]), let quantity = Quantity(cells[6]), let time = Int64(cells[7])
            else { throw Malformed(path: path, line: index + 2, reason: "is no trade") }
            reader.append(
                Print(
                    id: id, symbol: symbol, price: price, quantity: quantity,
                    aggressor: cells[8] == "true" ? .sell : .buy, time: Timestamp(milliseconds: time)),
                synthesizeQuote: true)
        }
        return reader.source
    }

    /// Lines of `{"recv_ns":…,"msg":{…}}`, the frame unchanged; frames other than trades and quotes are left out.
    private static func frames(_ path: String, _ lines: [ArraySlice<UInt8>]) throws -> any MarketSource {
        var reader = RecordedItems()
        for (index, line) in lines.enumerated() {
            let bytes = Array(line)
            var frame = JSONToken.absent
            var scanner = JSONScanner(bytes)
            do {
                try scanner.object { (key, value) throws(JSONFault) in
                    if bytes[key].elementsEqual("msg".utf8) { frame = value }
                }
                guard frame.kind == .object else { continue }
                switch try BinanceFrame.decode(Array(bytes[frame.start..<frame.end])) {
                case .trade(let print): reader.append(print, synthesizeQuote: false)
                case .bookTicker(let ticker): reader.append(ticker)
                case .kline, .executionReport, .listStatus, .accountPosition, .reply, .listenKeyExpired, .ignored:
                    continue
                }
            } catch {
                throw Malformed(path: path, line: index + 1, reason: "is no recorded frame: \(error)")
            }
        }
        return reader.source
    }

    /// A decimal number in steps of 1e-8, the nearest one: recordings that went through binary numbers carry digits
    /// beyond that, such as `956766.9300000001`.
    static func amount(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count > 8 else { return Price(text)?.raw }
        let tail = parts[1].utf8.dropFirst(8)
        guard tail.allSatisfy({ $0 >= 48 && $0 <= 57 }), let next = tail.first else { return nil }
        guard let cut = Price("\(parts[0]).\(parts[1].prefix(8))")?.raw else { return nil }
        return next >= UInt8(ascii: "5") ? cut + 1 : cut
    }

    private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
        line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        }
    }
}

/// Items in the order they are read, with times that never go back.
struct RecordedItems {
    private var items: [FeedItem] = []
    private var specifications: [Symbol: MarketSpecification] = [:]

    var source: any MarketSource {
        ItemSource(specifications.values.map(\.instrument).sorted { $0.symbol < $1.symbol }, items: items)
    }

    mutating func append(_ print: Print, synthesizeQuote: Bool) {
        let instrument = specification(print.symbol).instrument
        let quote = synthesizeQuote ? Quote(around: print, tick: instrument.tickSize) : nil
        items.append(FeedItem(time: max(print.time, items.last?.time ?? print.time), body: .trade(print, quote)))
    }

    /// A quote without a time of its own has that of what came before it; before anything, it is left out.
    mutating func append(_ ticker: BinanceBookTicker) {
        guard let time = items.last?.time else { return }
        _ = specification(ticker.symbol)
        items.append(FeedItem(time: time, body: .quote(ticker.quote(at: time))))
    }

    private mutating func specification(_ symbol: Symbol) -> MarketSpecification {
        let found = specifications[symbol] ?? MarketSpecification(symbol)
        specifications[symbol] = found
        return found
    }
}
