import Domain
import RiskManagerCore
import ServiceKit
import TradingSettings

/// The settings of risk-manager.
///
/// - `risk.*`, `execution.order_notional_cap`: see `RiskPolicy` and `RiskLimits`.
/// - `exchange.symbols`, `exchange.rest_url`, `accounts[]`: as in all services.
struct RiskSettings: Sendable {
    let policy: RiskPolicy
    let symbols: [Symbol]
    let restURL: String
    let accounts: [Account]

    /// An account of the settings.
    struct Account: Sendable, Hashable {
        let id: String
        let venue: String
        let currency: String
        /// What it begins with; later changes of the setting do nothing.
        let deposit: Money
        /// Whose signals it follows.
        let strategies: Set<String>
    }

    init(_ reader: SettingsReader) {
        policy = RiskPolicy(reader)
        symbols = reader.symbols("exchange.symbols")
        restURL = reader.url("exchange.rest_url", schemes: ["http", "https"])
        accounts = Self.accounts(reader)
    }

    private static func accounts(_ reader: SettingsReader) -> [Account] {
        var seen: Set<String> = []
        let items = reader.items("accounts")
        if items.isEmpty { reader.fault("accounts", "is missing; allowed: at least one account") }
        return items.map { item in
            let id = item.string("id")
            if !isName(id) { item.fault("id", "must be 1 to 32 of a-z, 0-9, - and _, and not \"all\"") }
            if !seen.insert(id).inserted { item.fault("id", "is used twice") }
            return Account(
                id: id, venue: item.string("venue"), currency: item.string("currency"),
                deposit: item.money("deposit", in: .zero...RiskLimits.amountMax),
                strategies: Set(item.strings("strategies", default: [])))
        }
    }

    /// What may be an account's id: it becomes part of paths, keys and labels.
    static func isName(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 95
        }
        return allowed && (1...32).contains(text.utf8.count) && text != "all"
    }
}
