import ArgumentParser
import Backtest
import Domain
import ExecutionCore
import RiskManagerCore
import StrategyCore

/// The suite's cores over bars in memory: momentum 10/30 with stops, targets, fees, slippage, books and the equity curve.
struct BacktestSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest", abstract: "Runs the cores over made-up bars in memory.")

    @Option(help: "How many bars.") var count = 1_000_000

    func run() throws {
        let bars = MadeBars.make(count)
        var backtest = Backtest(try Self.setup())
        let spent = ProcessorTime()
        for bar in bars { try backtest.take(bar) }
        let seconds = spent.seconds
        try report([
            "bars": Double(count), "bars_per_cpu_second": Double(count) / seconds,
            "trades": Double(backtest.books.trades.count), "signals": Double(backtest.signals.count),
        ])
    }

    private static func setup() throws -> BacktestSetup {
        let rule = try StrategyKind.momentum.make(["fast": "10", "slow": "30"])
        let million = Money(raw: 1_000_000 * Int128(Ratio.one.raw))
        return BacktestSetup(
            account: "paper", deposit: million,
            instances: [
                StrategyInstance(
                    id: "momentum-1m", kind: .momentum, timeframe: .minute1, symbols: [MadeBars.symbol],
                    parameters: [:], rule: rule)
            ],
            instruments: [
                Instrument(
                    symbol: MadeBars.symbol, base: "BTC", quote: "USDT", tickSize: Price(raw: 1_000_000),
                    lotSize: Quantity(raw: 1000), minimumQuantity: Quantity(raw: 1000),
                    maximumQuantity: Quantity(raw: .max), minimumNotional: .zero)
            ], policy: policy,
            checks: OrderGuard(priceSanity: Ratio(5, over: 100), notionalCap: million, staleAfter: .seconds(15)),
            costs: PaperCosts(latency: .milliseconds(50), fee: Ratio(1, over: 1000), slippage: Ratio(2, over: 10_000)))
    }

    /// Limits so wide that no loss of the random walk ends the trading.
    private static var policy: RiskPolicy {
        RiskPolicy(
            riskPerTrade: Ratio(1, over: 100_000),
            limits: RiskLimits(
                position: .one, grossExposure: .one, openPositions: 5, dailyLoss: .one, drawdown: .one,
                monthlyDrawdown: .one, monthlyDrawdownNearGoal: .one),
            entryExpiry: .seconds(30), stalePriceAfter: .seconds(15))
    }
}
