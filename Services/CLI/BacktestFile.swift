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
    private let series: [[Candle]]
    /// How many of each were taken.
    private var positions: [Int]
    let count: Int
    private(set) var taken = 0
    /// Those that opened last, one a market at most.
    private(set) var bars: [Candle] = []

    init(_ series: [[Candle]]) {
        self.series = series
        positions = series.map { _ in 0 }
        count = series.reduce(0) { $0 + $1.count }
    }

    /// Puts the bars that open next into `bars`; false at the end.
    mutating func next() -> Bool {
        bars.removeAll(keepingCapacity: true)
        var earliest: Timestamp?
        for (bars, position) in zip(series, positions) where position < bars.count {
            earliest = min(earliest ?? bars[position].openTime, bars[position].openTime)
        }
        for index in series.indices where positions[index] < series[index].count {
            let bar = series[index][positions[index]]
            guard bar.openTime == earliest else { continue }
            bars.append(bar)
            positions[index] += 1
        }
        taken += bars.count
        return !bars.isEmpty
    }
}
