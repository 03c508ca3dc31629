import Domain
import Foundation
import StrategyCore
import TestKit

extension Symbol {
    static let btc = Symbol("BTCUSDT").unsafelyUnwrapped
    static let eth = Symbol("ETHUSDT").unsafelyUnwrapped
}

/// Final one-minute candles for tests.
enum Market {
    static let start = Timestamp(seconds: 1_700_000_040)

    static func candle(
        _ index: Int, close: Int64, open: Int64? = nil, high: Int64? = nil, low: Int64? = nil, symbol: Symbol = .btc
    ) -> Candle {
        let first = open ?? close
        let unit: Int64 = 100_000_000
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: start + .minutes(Int64(index)),
            open: Price(raw: first * unit),
            high: Price(raw: (high ?? max(first, close)) * unit), low: Price(raw: (low ?? min(first, close)) * unit),
            close: Price(raw: close * unit), volume: Quantity(raw: unit), tradeCount: 4, isFinal: true)
    }

    /// A random walk; the same seed gives the same market.
    static func walk(_ count: Int, seed: UInt64, symbol: Symbol = .btc) -> [Candle] {
        var random = SeededRandom(seed: seed)
        var price: Int64 = 5_000_000_000_000
        return (0..<count).map { index in
            let open = price
            let step = price / 200
            price += Int64.random(in: -step...step, using: &random)
            let high = max(open, price) + Int64.random(in: 0...step, using: &random)
            let low = min(open, price) - Int64.random(in: 0...step, using: &random)
            return Candle(
                symbol: symbol, timeframe: .minute1, openTime: start + .minutes(Int64(index)), open: Price(raw: open),
                high: Price(raw: high), low: Price(raw: low), close: Price(raw: price),
                volume: Quantity(raw: .random(in: 1...1_000_000_000, using: &random)), tradeCount: 4, isFinal: true)
        }
    }

    /// A recorded file of one-minute bars; nil where the recordings are absent.
    static func recorded(_ name: String, symbol: Symbol) async throws -> [Candle]? {
        guard let folder = Repository.recordings else { return nil }
        let file = folder.appending(path: "market/binance-spot-2021/\(name).csv.gz")
        let text = try await Command.require("gzip", ["-dc", file.path])
        return try text.split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            return Candle(
                symbol: symbol, timeframe: .minute1, openTime: Timestamp(milliseconds: Int64(fields[0]) ?? 0),
                open: try Price(fields[1]), high: try Price(fields[2]), low: try Price(fields[3]),
                close: try Price(fields[4]), volume: try Quantity(fields[5]), tradeCount: 4, isFinal: true)
        }
    }
}

extension StrategyInstance {
    static func momentum(_ parameters: [String: String] = [:], id: String = "m", symbols: [Symbol] = [.btc]) throws
        -> StrategyInstance
    {
        StrategyInstance(
            id: id, kind: .momentum, timeframe: .minute1, symbols: symbols, parameters: parameters,
            rule: try StrategyKind.momentum.make(parameters))
    }
}

extension StrategyRunner {
    /// The signals of `candles`, oldest first.
    mutating func signals(_ candles: some Sequence<Candle>) -> [Signal] {
        candles.flatMap { take($0) }.compactMap { if case .signal(let signal) = $0 { signal } else { nil } }
    }
}
