import Domain
import RiskManagerCore
import ServiceKit
import TradingSettings

/// The settings of risk-manager.
///
/// - `risk.*`, `accounts[].limits.*`, `execution.order_notional_cap`: see `RiskPolicy` and `RiskLimits`.
/// - `exchange.symbols`, `exchange.rest_url`, `accounts[]`: as in all services.
/// - `rates[]`: see `ConversionRates`.
/// - `strategy.instances[].id`: what an account may follow.
struct RiskSettings: Sendable {
    let symbols: [Symbol]
    let restURL: String
    let accounts: [Account]
    /// What holds for accounts that are in the books alone.
    let policy: RiskPolicy
    /// For goals that are stated in other currencies than their accounts'.
    let rates: ConversionRates

    /// An account of the settings.
    struct Account: Sendable, Hashable {
        let id: String
        let venue: String
        let currency: String
        /// What it begins with; later changes of the setting do nothing.
        let deposit: Money
        /// Whose signals it follows.
        let strategies: Set<String>
        /// What holds for its decisions, until the settings change.
        let policy: RiskPolicy
    }

    init(_ reader: SettingsReader) {
        symbols = reader.symbols("exchange.symbols")
        restURL = reader.url("exchange.rest_url", schemes: ["http", "https"])
        accounts = Self.accounts(reader)
        policy = RiskPolicy(reader)
        rates = ConversionRates(reader)
    }

    private static func accounts(_ reader: SettingsReader) -> [Account] {
        var seen: Set<String> = []
        let known = Set(reader.items("strategy.instances").map { $0.string("id") })
        let items = reader.items("accounts")
        if items.isEmpty { reader.fault("accounts", "is missing; allowed: at least one account") }
        return items.map { item in
            let id = item.string("id")
            if !isName(id) { item.fault("id", "must be 1 to 32 of a-z, 0-9, - and _, and not \"all\"") }
            if !seen.insert(id).inserted { item.fault("id", "is used twice") }
            let policy = RiskPolicy(reader, account: item)
            let deposit = item.money("deposit", in: .zero...RiskLimits.amountMax)
            if let cap = policy.limits.orderNotional, cap > deposit, deposit.isPositive {
                item.warning("deposit", "is below execution.order_notional_cap, \(cap), which then caps nothing")
            }
            return Account(
                id: id, venue: item.string("venue"), currency: item.asset("currency"), deposit: deposit,
                strategies: strategies(item, known), policy: policy)
        }
    }

    private static func strategies(_ item: SettingsReader, _ known: Set<String>) -> Set<String> {
        let names = item.strings("strategies")
        let allowed = known.isEmpty ? "none is set up" : "one of \(known.sorted().joined(separator: ", "))"
        for name in names where !known.contains(name) {
            item.fault("strategies", "\(name) is no id of strategy.instances; allowed: \(allowed)")
        }
        if names.isEmpty { item.warning("strategies", "follows no strategy and will not trade") }
        return Set(names)
    }

    /// What may be an account's id: it becomes part of paths, keys and labels.
    static func isName(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 95
        }
        return allowed && (1...32).contains(text.utf8.count) && text != "all"
    }
}
