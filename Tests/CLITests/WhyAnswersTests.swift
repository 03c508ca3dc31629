import Domain
import RiskManagerCore
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import CLI
@testable import RiskManagerApp

/// Why it did, or did not, trade: decided by risk-manager's own books, told by the command line.
@Suite struct WhyAnswersTests {
    private let close = Timestamp(seconds: 1_700_000_040)

    private func policy() throws -> RiskPolicy {
        RiskPolicy(
            riskPerTrade: try Ratio("0.005"),
            limits: RiskLimits(
                position: try Ratio("0.2"), grossExposure: try Ratio("0.8"), openPositions: 1,
                dailyLoss: try Ratio("0.03"), drawdown: try Ratio("0.1"), monthlyDrawdown: try Ratio("0.05"),
                monthlyDrawdownNearGoal: try Ratio("0.02")),
            entryExpiry: .seconds(30), stalePriceAfter: .seconds(15))
    }

    private func instrument(_ symbol: Symbol) throws -> Instrument {
        Instrument(
            symbol: symbol, base: "B", quote: "USDT", tickSize: try Price("0.01"), lotSize: try Quantity("0.001"),
            minimumQuantity: try Quantity("0.001"), maximumQuantity: try Quantity("9000"),
            minimumNotional: try Money("5"))
    }

    private func signal(_ symbol: Symbol) throws -> Signal {
        Signal(
            strategy: "momentum-1m", symbol: symbol, timeframe: .minute1, candleClose: close, action: .enter,
            price: try Price("100"), stop: Price("98"), target: Price("103"), confidence: .one,
            reasons: ["the fast average crossed above the slow one"])
    }

    @Test func `an approved and a refused signal are answered in words with their numbers`() async throws {
        try await withTestDatabase { test in
            let symbols = [try #require(Symbol("BTCUSDT")), try #require(Symbol("ETHUSDT"))]
            let market = MarketView()
            market.note(
                Dictionary(uniqueKeysWithValues: try symbols.map { ($0, try instrument($0)) }))
            for symbol in symbols {
                market.note(symbol, [PricePoint(price: try Price("100"), time: close - .seconds(1))])
            }
            let database = test.connect(.riskManager)
            let books = RiskBooks(
                database: database, policies: Policies(usual: try policy()), market: market, clock: SystemClock())
            try await books.ensure([
                RiskSettings.Account(
                    id: "main", venue: "paper", currency: "USDT", deposit: try Money("10000"),
                    strategies: ["momentum-1m"], policy: try policy())
            ])
            let (wanted, refused) = (try signal(symbols[0]), try signal(symbols[1]))
            for signal in [wanted, refused] { _ = try await books.decide(signal, account: "main") }
            await database.close()
            let reading = test.connect(.operator)
            let approved = try await answer(wanted.id, reading)
            for words in [
                "momentum-1m wanted to buy BTCUSDT at the 1m close of 100", "stop 98, target 103",
                "because the fast average crossed above the slow one", "main approved it (approved)",
                "50 at risk over 2 to the stop, cut from 25 by the limit of one position",
                "account, equity 10000", "sizing, wanted 25",
                "2023-11-14 22:13:59 UTC", "main buy 19.801 BTCUSDT at market, entry",
            ] {
                #expect(approved.contains(words), "\(words)\n\(approved)")
            }
            let no = try await answer(refused.id, reading)
            for words in [
                "main refused it (open_positions_limit)", "1 positions are open or under way, the limit is 1",
                "limits, open positions 1", "account, reserved",
            ] {
                #expect(no.contains(words), "\(words)\n\(no)")
            }
            await reading.close()
        }
    }

    private func answer(_ id: String, _ database: Database) async throws -> String {
        let story = try #require(try await StoryLoader(database: database).load(id))
        let text = story.text.wrapped()
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(text.firstMatch(of: /\d{17}/) == nil, "no nanoseconds")
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
