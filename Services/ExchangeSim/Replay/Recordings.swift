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
    ///
    /// - Parameter quotes: bars and trades do not tell of quotes; make up one around each trade.
    static func source(_ path: String, quotes: Bool = true) throws -> any MarketSource {
        let bytes = try GzipFile.read(path)
        guard !bytes.isEmpty else { throw Malformed(path: path, line: 1, reason: "is empty") }
        var table = TableScanner(bytes)
        let header = table.text()
        if header.hasPrefix("timestamp,open,high,low,close,volume") { return try bars(path, &table, quotes: quotes) }
        if header.hasPrefix("recv_ns,e,E,s,t,p,q,T,m") { return try trades(path, &table, quotes: quotes) }
        if header.hasPrefix("{") { return try frames(path, bytes) }
        throw Malformed(path: path, line: 1, reason: "is no recording of bars, trades or frames")
    }

    private static func bars(_ path: String, _ table: inout TableScanner, quotes: Bool) throws -> any MarketSource {
        let file = path.split(separator: "/").last ?? ""
        guard let name = file.split(separator: "-").first, let symbol = Symbol(name) else {
            throw Malformed(path: path, line: 1, reason: "the file's name does not begin with a symbol")
        }
        guard file.contains("-1m.") else { throw Malformed(path: path, line: 1, reason: "is not of one minute") }
        var rows: [BarSource.Row] = []
        while !table.isAtEnd {
            let line = table.line
            guard let milliseconds = table.integer(), let open = table.amount(), let high = table.amount(),
                let low = table.amount(), let close = table.amount(), let volume = table.amount()
            else { throw Malformed(path: path, line: line, reason: "is no bar") }
            table.skipLine()
            let time = Timestamp(milliseconds: milliseconds)
            guard rows.last.map({ $0.openTime < time }) ?? true else {
                throw Malformed(path: path, line: line, reason: "goes back in time")
            }
            rows.append(
                BarSource.Row(
                    openTime: time, open: Price(raw: open), high: Price(raw: high), low: Price(raw: low),
                    close: Price(raw: close), volume: Quantity(raw: volume)))
        }
        return BarSource(MarketSpecification(symbol).instrument, rows: rows, quotes: quotes)
    }

    private static func trades(_ path: String, _ table: inout TableScanner, quotes: Bool) throws -> any MarketSource {
        var reader = RecordedItems()
        while !table.isAtEnd {
            let line = table.line
            let cells = table.text().split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 9, let symbol = Symbol(cells[3]), let id = Int64(cells[4]),
                let price = Price(cells[5]), let quantity = Quantity(cells[6]), let time = Int64(cells[7])
            else { throw Malformed(path: path, line: line, reason: "is no trade") }
            reader.append(
                Print(
                    id: id, symbol: symbol, price: price, quantity: quantity,
                    aggressor: cells[8] == "true" ? .sell : .buy, time: Timestamp(milliseconds: time)),
                synthesizeQuote: quotes)
        }
        return reader.source
    }

    /// Lines of `{"recv_ns":…,"msg":{…}}`, the frame unchanged; frames other than trades and quotes are left out.
    private static func frames(_ path: String, _ bytes: [UInt8]) throws -> any MarketSource {
        var reader = RecordedItems()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
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
