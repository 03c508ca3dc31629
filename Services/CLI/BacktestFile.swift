import Backtest
import Domain
import Foundation

/// Why a file cannot be used.
struct BacktestFileError: Error, CustomStringConvertible {
    let path: String
    let problem: String
    var description: String { "\(path): \(problem)" }
}

/// A file of bars, read whole.
struct BacktestFile {
    let bars: [Candle]

    /// - Throws: `BacktestFileError`.
    init(path: String, symbol: Symbol) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw BacktestFileError(path: path, problem: "cannot be read")
        }
        var bytes = [UInt8](data)
        do {
            if Gunzip.isGzip(bytes) { bytes = try Gunzip.unpack(bytes) }
            bars = try BarFile.parse(bytes, symbol: symbol)
        } catch let error as GunzipError {
            throw BacktestFileError(path: path, problem: "is no whole gzip file (\(error))")
        } catch { throw BacktestFileError(path: path, problem: "\(error)") }
    }
}

/// The rules of markets, as execution writes them down each time the exchange tells them.
struct InstrumentFile {
    let instruments: [Instrument]

    /// - Parameter symbols: all of these have to be in it; others are left out.
    /// - Throws: `BacktestFileError`.
    init(path: String, symbols: [Symbol]) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw BacktestFileError(path: path, problem: "cannot be read")
        }
        guard let all = try? JSONDecoder().decode([Instrument].self, from: data) else {
            throw BacktestFileError(path: path, problem: "is no list of instruments")
        }
        instruments = try symbols.map { symbol in
            guard let found = all.first(where: { $0.symbol == symbol }) else {
                throw BacktestFileError(path: path, problem: "does not tell the rules of \(symbol)")
            }
            return found
        }
    }
}

/// Bars of several markets as they opened.
struct BarFeed {
    private var series: [ArraySlice<Candle>]
    let count: Int
    private(set) var taken = 0

    init(_ series: [[Candle]]) {
        self.series = series.map { $0[...] }
        count = series.reduce(0) { $0 + $1.count }
    }

    /// The bars that open next, one a market at most; nil at the end.
    mutating func next() -> [Candle]? {
        guard let open = series.compactMap({ $0.first?.openTime }).min() else { return nil }
        var bars: [Candle] = []
        for index in series.indices where series[index].first?.openTime == open {
            bars.append(series[index].removeFirst())
        }
        taken += bars.count
        return bars
    }
}
