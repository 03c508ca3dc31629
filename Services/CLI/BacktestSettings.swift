import Backtest
import Domain
import ExecutionCore
import RiskManagerCore
import ServiceKit
import StrategyCore

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

    /// - Parameter account: nil for the first.
    /// - Throws: `SettingsError` with every fault.
    init(_ settings: Settings, account wanted: String?, symbols: [Symbol]) throws {
        let reader = settings.reader
        let accounts = reader.items("accounts")
        let ids = accounts.map { $0.string("id") }
        let index = wanted.map { ids.firstIndex(of: $0) } ?? (ids.isEmpty ? nil : 0)
        if index == nil { reader.fault("accounts", "there is no account \(wanted ?? "at all")") }
        account = index.map { ids[$0] } ?? ""
        deposit = index.map { accounts[$0].money("deposit", in: Money(raw: 1)...Money(raw: Int128(1) << 90)) } ?? .zero
        let followed = index.map { accounts[$0].strings("strategies") } ?? []
        instances = Self.instances(reader, followed, symbols)
        policy = Self.policy(reader)
        checks = Self.checks(reader, policy.stalePriceAfter)
        let share = Ratio.zero...Ratio(1, over: 10)
        costs = PaperCosts(
            latency: reader.span("execution.paper.latency", .zero...(.seconds(60)), .milliseconds(50)),
            fee: reader.ratio("execution.paper.fee", in: share, default: Ratio(1, over: 1000)),
            slippage: reader.ratio("execution.paper.slippage", in: share, default: Ratio(2, over: 10_000)))
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

    private static func instances(
        _ reader: SettingsReader, _ followed: [String], _ symbols: [Symbol]
    ) -> [StrategyInstance] {
        reader.items("strategy.instances").compactMap { item in
            let id = item.string("id")
            let kind = item.oneOf("kind", StrategyKind.self)
            let timeframe = item.oneOf("timeframe", Timeframe.self)
            let traded = item.symbols("symbols").filter(symbols.contains)
            var parameters: [String: String] = [:]
            for key in item.keys(of: "parameters") { parameters[key] = item.string("parameters.\(key)") }
            do throws(ParameterFaults) {
                let rule = try kind.make(parameters)
                guard followed.contains(id), !traded.isEmpty else { return nil }
                return StrategyInstance(
                    id: id, kind: kind, timeframe: timeframe, symbols: traded, parameters: parameters, rule: rule)
            } catch {
                for fault in error.faults {
                    item.fault("parameters.\(fault.key)", "is not allowed; allowed: \(fault.allowed)")
                }
                return nil
            }
        }
    }

    private static func policy(_ reader: SettingsReader) -> RiskPolicy {
        func share(_ key: String, _ percent: Int64) -> Ratio {
            reader.ratio("risk.limits.\(key)", in: Ratio(1, over: 1000)...(.one), default: Ratio(percent, over: 100))
        }
        let cap = "execution.order_notional_cap"
        let limits = RiskLimits(
            position: share("position", 20), grossExposure: share("gross_exposure", 80),
            openPositions: reader.integer("risk.limits.open_positions", in: 1...1000, default: 5),
            dailyLoss: share("daily_loss", 3), drawdown: share("drawdown", 10),
            monthlyDrawdown: share("monthly_drawdown", 5),
            monthlyDrawdownNearGoal: share("monthly_drawdown_near_goal", 2),
            orderNotional: reader.has(cap) ? reader.money(cap, in: Money(raw: 1)...Money(raw: Int128(1) << 90)) : nil)
        return RiskPolicy(
            riskPerTrade: reader.ratio(
                "risk.risk_per_trade", in: Ratio(1, over: 10_000)...Ratio(1, over: 10), default: Ratio(5, over: 1000)),
            limits: limits, entryExpiry: reader.span("risk.entry_expiry", .seconds(1)...(.seconds(600)), .seconds(30)),
            stalePriceAfter: reader.span("risk.stale_price_after", .seconds(1)...(.seconds(600)), .seconds(15)),
            goalFactors: GoalFactors(boost: reader.boolean("risk.goal_boost", default: true)),
            reserveMargin: reader.ratio(
                "risk.reserve_margin", in: .zero...Ratio(1, over: 5), default: Ratio(1, over: 100)))
    }

    private static func checks(_ reader: SettingsReader, _ staleAfter: Timestamp.Span) -> OrderGuard {
        OrderGuard(
            priceSanity: reader.ratio(
                "execution.price_sanity", in: Ratio(1, over: 10_000)...Ratio(1, over: 2), default: Ratio(5, over: 100)),
            notionalCap: reader.money(
                "execution.order_notional_cap", in: Money(raw: 100_000_000)...Money(raw: 1_000_000_000_000_000_000)),
            staleAfter: staleAfter)
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

extension SettingsReader {
    /// A length of exchange time.
    fileprivate func span(_ key: String, _ range: ClosedRange<Duration>, _ fallback: Duration) -> Timestamp.Span {
        let (seconds, attoseconds) = duration(key, in: range, default: fallback).components
        return Timestamp.Span(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
