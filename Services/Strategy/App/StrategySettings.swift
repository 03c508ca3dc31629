import Domain
import ServiceKit
import StrategyCore
import TradingSettings

/// The section `strategy` of the settings.
///
/// ## Configuration keys
/// - `strategy.instances` (list, required): the strategies that run.
///   - `id` (text, required): 1 to 40 of a-z, 0-9 and `-`, different for each; signals and accounts name it.
///   - `kind` (text, required): `momentum`.
///   - `timeframe` (text, required): 1m, 5m, 15m, 1h, 4h, 1d or 1w.
///   - `symbols` (list, required): some of `exchange.symbols`.
///   - `parameters` (map, optional): of the kind, see `MomentumParameters`.
/// - `strategy.upkeep_interval` (duration, optional, 100ms … 60s, default 2s): how often the tables are read for candles that were
///   missed and signals that nobody has booked are published again.
struct StrategySettings: Sendable {
    let instances: [StrategyInstance]
    let upkeepInterval: Duration
}

extension StrategySettings {
    init(_ reader: SettingsReader) {
        let section = reader.scoped(to: "strategy")
        upkeepInterval = section.duration(
            "upkeep_interval", in: .milliseconds(100)...(.seconds(60)), default: .seconds(2))
        let traded = Set(reader.symbols("exchange.symbols"))
        let items = section.items("instances")
        if items.isEmpty { section.fault("instances", "is missing; allowed: at least one strategy") }
        var ids: Set<String> = []
        instances = items.compactMap { item in
            let instance = Self.instance(item, traded)
            let id = item.string("id", default: "")
            if !ids.insert(id).inserted { item.fault("id", "is used twice") }
            return instance
        }
    }

    private static func instance(_ item: SettingsReader, _ traded: Set<Symbol>) -> StrategyInstance? {
        let id = item.string("id", default: "")
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        if !id.isEmpty, !(1...40).contains(id.count) || !id.allSatisfy(allowed.contains) {
            item.fault("id", "is not allowed; allowed: 1 to 40 of a-z, 0-9 and -")
        }
        return StrategyInstance(item, markets: traded)
    }
}
