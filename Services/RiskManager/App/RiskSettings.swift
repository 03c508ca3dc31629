import Domain
import RiskManagerCore
import ServiceKit

/// The settings of risk-manager. Shares are of the equity unless said otherwise.
///
/// - `risk.risk_per_trade` (ratio, 0.0001 … 0.1, default 0.005): what one trade may lose at its stop; above 0.05 only if
///   accepted.
/// - `risk.entry_expiry` (1s … 10m, default 30s), `risk.stale_price_after` (1s … 10m, default 15s): in exchange time.
/// - `risk.limits.position` (0.001 … 1, default 0.2; above 0.5 only if accepted), `risk.limits.gross_exposure` (default 0.8).
/// - `risk.limits.open_positions` (1 … 1000, default 5).
/// - `risk.limits.daily_loss` (default 0.03), `risk.limits.drawdown` (default 0.1; above 0.3 only if accepted),
///   `risk.limits.monthly_drawdown` (default 0.05), `risk.limits.monthly_drawdown_near_goal` (default 0.02).
/// - `risk.reserve_margin` (0 … 0.2, default 0.01): held back above an entry's notional.
/// - `risk.goal_boost` (boolean, default true).
/// - `execution.order_notional_cap` (money, optional): no order is sized above it.
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

    /// Amounts above this are refused, so that no sum of them leaves the numbers of the suite.
    static let amountMax = Money(raw: 1_000_000_000_000_000 * 100_000_000)

    init(_ reader: SettingsReader) {
        policy = Self.policy(reader)
        symbols = reader.symbols("exchange.symbols")
        restURL = reader.url("exchange.rest_url", schemes: ["http", "https"])
        accounts = Self.accounts(reader)
    }

    private static func policy(_ reader: SettingsReader) -> RiskPolicy {
        let percent = Ratio(1, over: 100)
        return RiskPolicy(
            riskPerTrade: reader.ratio(
                "risk.risk_per_trade", in: Ratio(1, over: 10_000)...Ratio(1, over: 10), default: Ratio(5, over: 1000),
                caution: Caution(warnAbove: Ratio(2, over: 100), refuseAbove: Ratio(5, over: 100))),
            limits: limits(reader),
            entryExpiry: Timestamp.Span(
                reader.duration("risk.entry_expiry", in: .seconds(1)...(.seconds(600)), default: .seconds(30))),
            stalePriceAfter: Timestamp.Span(
                reader.duration("risk.stale_price_after", in: .seconds(1)...(.seconds(600)), default: .seconds(15))),
            goalFactors: GoalFactors(boost: reader.boolean("risk.goal_boost", default: true)),
            reserveMargin: reader.ratio("risk.reserve_margin", in: .zero...Ratio(20, over: 100), default: percent))
    }

    private static func limits(_ reader: SettingsReader) -> RiskLimits {
        func share(_ key: String, _ fallback: Ratio, _ caution: Caution<Ratio>? = nil) -> Ratio {
            reader.ratio(
                "risk.limits.\(key)", in: Ratio(1, over: 1000)...(.one), default: fallback, caution: caution)
        }
        let cap = "execution.order_notional_cap"
        return RiskLimits(
            position: share("position", Ratio(2, over: 10), Caution(refuseAbove: Ratio(1, over: 2))),
            grossExposure: share("gross_exposure", Ratio(8, over: 10)),
            openPositions: reader.integer("risk.limits.open_positions", in: 1...1000, default: 5),
            dailyLoss: share("daily_loss", Ratio(3, over: 100), Caution(warnAbove: Ratio(10, over: 100))),
            drawdown: share("drawdown", Ratio(10, over: 100), Caution(refuseAbove: Ratio(30, over: 100))),
            monthlyDrawdown: share("monthly_drawdown", Ratio(5, over: 100)),
            monthlyDrawdownNearGoal: share("monthly_drawdown_near_goal", Ratio(2, over: 100)),
            orderNotional: reader.has(cap) ? reader.money(cap, in: Money(raw: 1)...amountMax) : nil)
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
                deposit: item.money("deposit", in: .zero...amountMax),
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

extension Timestamp.Span {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
