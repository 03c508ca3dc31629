import ArgumentParser
import Backtest
import Domain
import Foundation

/// The floor of a backtest: the file is read and every bar becomes its prints; nothing is decided.
struct BarsFloor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-bars", abstract: "Reads bars and walks through their prints.")

    @Option(help: "A file of bars as `plimsoll backtest` takes it.") var data: String
    @Option(help: "Market.") var symbol = "BTCUSDT"

    func run() async throws {
        guard let symbol = Symbol(symbol) else { throw ValidationError("--symbol is 1 to 20 of A-Z and 0-9") }
        let bars = try BarFile.parse([UInt8](try Data(contentsOf: URL(filePath: data))), symbol: symbol)
        var traded: Int128 = 0
        for bar in bars {
            for print in BarPrints(bar, firstID: 1) { traded += Int128(print.price.raw) * Int128(print.quantity.raw) }
        }
        guard traded > 0 else { throw ValidationError("the bars have no volume") }
        let usage = clock()
        try report([
            "bars": Double(bars.count),
            "bars_per_cpu_second": Double(bars.count) / (Double(usage) / Double(CLOCKS_PER_SEC)),
        ])
    }
}
