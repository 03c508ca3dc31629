import RiskManagerCore
import ServiceKit
import Synchronization
import TradingSettings

/// What holds for the decisions of each account now, and the rates that goals are converted at; the settings may change it while the service runs.
final class Policies: Sendable {
    private struct State {
        var policies: [String: RiskPolicy]
        var rates: ConversionRates
    }

    private let state: Mutex<State>
    /// Of accounts that are in the books and not in the settings.
    private let usual: RiskPolicy

    /// - Parameter usual: of every account that has none of its own.
    init(usual: RiskPolicy, own: [String: RiskPolicy] = [:], rates: ConversionRates = ConversionRates()) {
        self.usual = usual
        state = Mutex(State(policies: own, rates: rates))
    }

    convenience init(_ settings: RiskSettings) {
        self.init(
            usual: settings.policy,
            own: Dictionary(settings.accounts.map { ($0.id, $0.policy) }, uniquingKeysWith: { first, _ in first }),
            rates: settings.rates)
    }

    /// The keys that `change` takes over.
    static let keys = RiskPolicy.liveKeys.union([ConversionRates.liveKey])

    /// The policy of an account.
    subscript(account: String) -> RiskPolicy { state.withLock { $0.policies[account] } ?? usual }

    /// The rates that goals are converted at.
    var rates: ConversionRates { state.withLock { $0.rates } }

    /// Takes over what changed in the settings. What execution goes by too, the age of a price and the cap of an order, holds
    /// until both are started again; so does which accounts there are.
    func change(_ settings: RiskSettings) {
        state.withLock { state in
            state.rates = settings.rates
            for account in settings.accounts {
                guard let old = state.policies[account.id] else { continue }
                var new = account.policy
                new.stalePriceAfter = old.stalePriceAfter
                new.limits.orderNotional = old.limits.orderNotional
                state.policies[account.id] = new
            }
        }
    }
}
