import ArgumentParser
import Domain
import Foundation

/// One-minute bars of a random walk around 50,000; the same count gives the same bars on every machine.
enum MadeBars {
    static let symbol = Symbol("BTCUSDT") ?? { preconditionFailure("a literal symbol is well formed") }()
    private static let cent: Int64 = 1_000_000

    static func make(_ count: Int) -> [Candle] {
        var random = SplitMix(state: 7)
        var close: Int64 = 5_000_000
        return (0..<count).map { minute in
            let open = close
            close = max(10_000, open + Int64.random(in: -5000...5000, using: &random))
            let high = max(open, close) + Int64.random(in: 0...2000, using: &random)
            let low = min(open, close) - Int64.random(in: 0...2000, using: &random)
            return Candle(
                symbol: symbol, timeframe: .minute1, openTime: Timestamp(seconds: 1_600_000_020 + Int64(minute) * 60),
                open: Price(raw: open * cent), high: Price(raw: high * cent), low: Price(raw: low * cent),
                close: Price(raw: close * cent),
                volume: Quantity(raw: Int64.random(in: 1...400, using: &random) * cent),
                tradeCount: 4, isFinal: true)
        }
    }
}

/// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Writes the bars as a file that `plimsoll backtest` takes.
struct WriteBars: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write-bars", abstract: "Writes made-up bars as `plimsoll backtest` takes them.")

    @Option(help: "How many bars.") var count = 500_000
    @Option(help: "The file.") var out: String

    func run() throws {
        var text = "timestamp,open,high,low,close,volume\n"
        for bar in MadeBars.make(count) {
            text += "\(bar.openTime.milliseconds),\(bar.open),\(bar.high),\(bar.low),\(bar.close),\(bar.volume)\n"
        }
        try Data(text.utf8).write(to: URL(filePath: out))
    }
}
