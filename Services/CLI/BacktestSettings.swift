import Backtest
import Domain
import ExecutionCore
import RiskManagerCore
import ServiceKit
import StrategyCore
import TradingSettings

/// What a backtest takes from the settings of the suite: the same keys that strategy, risk-manager and execution read.
///
/// Where the venue's rules are not given, the tick and the lot are the finest in the file, but not finer than 1e-8, and nothing is
/// too small or too large.
struct BacktestSettings {
    let account: String
    private let deposit: Money
    private let instances: [StrategyInstance]
    private let policy: RiskPolicy
    private let checks: OrderGuard
    private let costs: PaperCosts

    /// - Parameters:
    ///   - account: nil for the first.
    ///   - timeframe: what all strategies decide on; nil for what each is set to.
    /// - Throws: `SettingsError` with every fault.
    init(_ settings: Settings, account wanted: String?, symbols: [Symbol], timeframe: Timeframe? = nil) throws {
        let reader = settings.reader
        let accounts = reader.items("accounts")
        let ids = accounts.map { $0.string("id") }
        let index = wanted.map { ids.firstIndex(of: $0) } ?? (ids.isEmpty ? nil : 0)
        if index == nil { reader.fault("accounts", "there is no account \(wanted ?? "at all")") }
        account = index.map { ids[$0] } ?? ""
        deposit = index.map { accounts[$0].money("deposit", in: Money(raw: 1)...Money(raw: Int128(1) << 90)) } ?? .zero
        let followed = index.map { accounts[$0].strings("strategies") } ?? []
        instances = reader.items("strategy.instances").compactMap { item in
            StrategyInstance(item)?.trading(only: symbols, on: timeframe)
        }.filter { followed.contains($0.id) && !$0.symbols.isEmpty }
        policy = RiskPolicy(reader, account: index.map { accounts[$0] })
        checks = OrderGuard(reader, staleAfter: policy.stalePriceAfter)
        costs = PaperCosts(reader)
        try reader.finish()
    }

    /// The strategies, by id, that need finer candles than these bars can make.
    func tooFine(for bars: [Candle]) -> [String] {
        guard let first = bars.first else { return [] }
        return instances.filter { $0.symbols.contains(first.symbol) && $0.timeframe.span < first.timeframe.span }.map(
            \.id)
    }

    /// The setup for these series of bars.
    ///
    /// - Parameter instruments: the venue's rules; nil to infer them from the bars.
    func setup(for series: [[Candle]], instruments: [Instrument]? = nil) -> BacktestSetup {
        BacktestSetup(
            account: account, deposit: deposit, instances: instances,
            instruments: instruments ?? series.compactMap(Self.instrument), policy: policy, checks: checks, costs: costs
        )
    }

    private static func instrument(_ bars: [Candle]) -> Instrument? {
        guard let first = bars.first else { return nil }
        let tick = finest(bars.lazy.flatMap { [$0.open.raw, $0.high.raw, $0.low.raw, $0.close.raw] })
        let lot = finest(bars.lazy.map(\.volume.raw))
        return Instrument(
            symbol: first.symbol, base: "", quote: "", tickSize: Price(raw: tick), lotSize: Quantity(raw: lot),
            minimumQuantity: Quantity(raw: lot), maximumQuantity: Quantity(raw: .max), minimumNotional: .zero)
    }

    /// The largest power of ten, up to one, that divides every value.
    private static func finest(_ values: some Sequence<Int64>) -> Int64 {
        var step: Int64 = 100_000_000
        for value in values { while step > 1, value % step != 0 { step /= 10 } }
        return step
    }
}

extension StrategyInstance {
    /// The same on those of its markets that are in `markets`, and on other candles where they are given.
    fileprivate func trading(only markets: [Symbol], on other: Timeframe?) -> StrategyInstance {
        StrategyInstance(
            id: id, kind: kind, timeframe: other ?? timeframe, symbols: symbols.filter(markets.contains),
            parameters: parameters,
            rule: rule)
    }
}
