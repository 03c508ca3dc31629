import ArgumentParser
import Domain

/// The floor of a backtest: every bar becomes its prints; nothing is decided.
struct BarsFloor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-bars", abstract: "Walks through the prints of bars in memory.")

    @Option(help: "How many bars.") var count = 1_000_000

    func run() throws {
        let bars = MadeBars.make(count)
        var traded: Int128 = 0
        let spent = ProcessorTime()
        for bar in bars {
            for print in BarPrints(bar, firstID: 1) { traded += Int128(print.price.raw) * Int128(print.quantity.raw) }
        }
        let seconds = spent.seconds
        guard traded > 0 else { throw ValidationError("the bars have no volume") }
        try report(["bars": Double(count), "bars_per_cpu_second": Double(count) / seconds])
    }
}
