import Domain
import RiskManagerCore
import Testing

struct ExitTests {
    private let exiting = Case().with {
        $0.action = .exit
        $0.positions = [held(Case.btc, "2.0005", cost: "200")]
    }

    @Test func `an exit sells what the strategy holds, down to the lot`() throws {
        let approved = try #require(exiting.approved)
        #expect(approved.order.quantity == quantity("2"))
        #expect(approved.order.side == .sell && approved.order.purpose == .exit && approved.order.type == .market)
        #expect(approved.order.expiresAt == nil)
        #expect(approved.reserved == .zero)
    }

    @Test func `exits are open while paused, stopped, stale or without rules`() {
        for state in TradingState.allCases { #expect(exiting.with { $0.state = state }.approved != nil) }
        #expect(exiting.with { $0.prices = [:] }.approved != nil)
        #expect(exiting.with { $0.instrument = nil }.approved?.order.quantity == quantity("2.0005"))
        #expect(exiting.with { $0.marketTime = Case.close + .days(3) }.approved != nil)
        #expect(exiting.with { $0.cash = money("-20000") }.approved != nil)
    }

    @Test func `only the strategy's own position is sold`() {
        let another = exiting.with { $0.positions = [held(Case.btc, "2", cost: "200", strategy: "another")] }
        #expect(another.refusal == .nothingToExit(Case.btc, strategy: "momentum"))
    }

    @Test func `what is being sold is not sold again, and the exit set does not count`() {
        let leaving = exiting.with { $0.liveOrders = [live("ord-x", Case.btc, .flatten, remaining: "2.0005")] }
        #expect(leaving.refusal == .exitInProgress(Case.btc, order: "ord-x"))
        let half = exiting.with { $0.liveOrders = [live("ord-x", Case.btc, .exit, remaining: "1.5")] }
        #expect(half.approved?.order.quantity == quantity("0.5"))
        let guarded = exiting.with {
            $0.liveOrders = [
                live("s", Case.btc, .stopLoss, remaining: "2"), live("t", Case.btc, .takeProfit, remaining: "2"),
            ]
        }
        #expect(guarded.approved?.order.quantity == quantity("2"))
    }

    @Test func `dust is told as such`() {
        let dust = exiting.with { $0.positions = [held(Case.btc, "0.0009", cost: "1")] }
        #expect(dust.refusal == .dust(Case.btc, held: quantity("0.0009")))
    }

    @Test func `an exit waits for an entry on its way`() {
        let waiting = exiting.with { $0.liveOrders = [live("ord-e", Case.btc, .entry)] }
        #expect(waiting.decide().outcome == .deferred(entry: "ord-e"))
    }

    @Test func `flatten closes every position once, and again what came later`() {
        let account = Case().with {
            $0.state = .stopped
            $0.positions = [held(Case.btc, "2", cost: "200"), held(Case.eth, "3", cost: "150")]
            $0.liveOrders = [live("f", Case.eth, .flatten, remaining: "3")]
        }
        func flatten(_ attempt: Int) -> [Decision] {
            account.policy.flatten(
                account.account, command: "ctl-1", reason: "stop", prices: account.prices,
                instruments: [Case.btc: Case.instrument], at: Case.close, attempt: { _ in attempt })
        }
        let first = flatten(0)
        #expect(first.map(\.inputs.symbol) == [Case.btc])
        #expect(first.map(\.code) == ["approved"])
        #expect(flatten(0) == first)
        #expect(flatten(1).map(\.id) != first.map(\.id))
    }
}
