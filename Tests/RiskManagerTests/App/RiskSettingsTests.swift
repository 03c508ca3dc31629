import Domain
import Foundation
import RiskManagerCore
import ServiceKit
import TestKit
import Testing

@testable import RiskManagerApp

struct RiskSettingsTests {
    @Test func `the shipped settings are read whole`() throws {
        let path = Repository.root.appending(path: "config/plimsoll.yaml").path
        let reader = try Settings.load(path: path, environment: [:]).reader
        let settings = RiskSettings(reader)
        try reader.finish()
        #expect(settings.accounts.map(\.id) == ["main", "paper"])
        #expect(settings.accounts.allSatisfy { $0.policy == settings.policy })
        #expect(settings.policy.limits.monthlyDrawdownNearGoal == ratio("0.02"))
        #expect(settings.policy.limits.orderNotional == money("5000"))
        #expect(settings.policy.stalePriceAfter == .seconds(15))
    }

    @Test func `every fault is told at once`() throws {
        let yaml = """
            exchange: {rest_url: "ftp://x", symbols: [BTCUSDT, btc]}
            risk: {risk_per_trade: 2, entry_expiry: 0s, limits: {position: 0.6, drawdown: 0.4, open_positions: 0}}
            accounts:
              - {id: "Main account", venue: paper, currency: USDT, deposit: -1}
              - {id: all, venue: paper, currency: USDT, deposit: 1}
            """
        let reader = try Settings(yaml: yaml).reader
        _ = RiskSettings(reader)
        let error = #expect(throws: SettingsError.self) { try reader.finish() }
        let keys = Set(error?.faults.compactMap(\.key) ?? [])
        #expect(
            keys.isSuperset(of: [
                "exchange.rest_url", "exchange.symbols", "risk.risk_per_trade", "risk.entry_expiry",
                "risk.limits.position", "risk.limits.drawdown", "risk.limits.open_positions", "accounts[0].id",
                "accounts[0].deposit", "accounts[1].id",
            ]))
    }
}
