import Domain
import Foundation
import Logging
import Outbound
import RiskManagerCore
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

/// An entry that comes before the first price, as after a restart.
struct AwaitedPriceTests {
    private static let btc = Case.btc
    private static let eth = Case.eth

    @Test func `who has not listened long enough waits instead of refusing, and never for longer than an entry lives`()
    {
        let old = PricePoint(price: price("100"), time: Case.close - .seconds(60))
        let unheard = Case().with {
            $0.prices = [Self.btc: old]
            $0.heardSince = [:]
        }
        #expect(unheard.decide().outcome == .awaitingPrice(Self.btc))
        #expect(unheard.with { $0.prices = [:] }.decide().outcome == .awaitingPrice(Self.btc))
        #expect(
            unheard.with { $0.heardSince = [Self.btc: Case.close - .seconds(14)] }.decide().outcome
                == .awaitingPrice(Self.btc))
        #expect(unheard.with { $0.heardSince = [Self.btc: Case.close - .seconds(15)] }.refusal?.code == "price_stale")
        let position = unheard.with {
            $0.prices[Self.btc] = PricePoint(price: price("100"), time: Case.close)
            $0.positions = [held(Self.eth, "1", cost: "50")]
        }
        #expect(position.decide().outcome == .awaitingPrice(Self.eth))
        #expect(unheard.with { $0.marketTime = Case.close + .seconds(31) }.refusal?.code == "expired")
        // Neither does an exit wait, nor an entry that is refused for other reasons.
        #expect(unheard.with { $0.action = .exit }.refusal?.code == "nothing_to_exit")
        #expect(unheard.with { $0.state = .paused }.refusal?.code == "trading_paused")
    }

    @Test func `a service without prices keeps an entry, says so, and decides with the first price`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await floor.whileRunning { client in
                    let signal = floor.signal(floor.symbols[0])
                    try await eventually("the entry waits", within: .seconds(20)) {
                        floor.say(signal, on: bus)
                        let metrics = try await client.send(.get, "/metrics").text
                        return metrics.contains(#"plimsoll_entries_awaiting_price{account="main"} 1"#) ? true : nil
                    }
                    #expect(try await floor.count("signals") == 1)
                    #expect(try await floor.count("decisions") == 0)
                    let health = try await client.send(.get, "/health/ready")
                    #expect(health.status == 200)
                    #expect(health.text.contains("no price was heard yet of"))
                    for symbol in floor.symbols {
                        floor.say(price("100"), of: symbol, at: floor.close - .seconds(1), on: bus)
                    }
                    try await eventually("it is decided", within: .seconds(20)) {
                        try await floor.count("decisions WHERE code = 'approved'") == 1 ? true : nil
                    }
                    let metrics = try await client.send(.get, "/metrics").text
                    #expect(metrics.contains(#"plimsoll_entries_awaiting_price{account="main"} 0"#))
                    #expect(!(try await client.send(.get, "/health/ready").text.contains("no price was heard yet")))
                }
            }
        }
    }

    @Test func `an entry for which no price comes is refused when its time is over`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let market = MarketView()
            market.note(floor.instruments)
            market.noteHistory()
            var policy = floor.policy
            policy.entryExpiry = .milliseconds(1200)
            let books = RiskBooks(
                database: database, policies: Policies(usual: policy), market: market, clock: SystemClock())
            try await books.ensure([floor.account])
            let desk = AccountDesk(
                floor.account, books: books, figures: AccountFigures(account: "main", metrics: Metrics()),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let running = Task { await desk.run() }
            let signal = floor.signal(floor.symbols[0])
            await desk.take(signal)
            try await eventually("it waits") { try await floor.count("signals") == 1 ? true : nil }
            #expect(try await floor.count("decisions") == 0)
            try await eventually("it is refused", within: .seconds(10)) {
                try await floor.count("decisions WHERE code = 'price_missing'") == 1 ? true : nil
            }
            running.cancel()
            await running.value
            await database.close()
        }
    }
}
