import Backtest
import Domain
import RiskManagerCore
import Testing

/// Limits on losses in a backtest: looked at at the end of each minute, as in the running suite.
@Suite struct LossTests {
    private func setup(_ limit: Ratio, _ action: BreachAction, stop: Int64 = 10) -> BacktestSetup {
        let usual = BacktestSetup.scripted(stop: stop, target: 900)
        var policy = usual.policy
        policy.riskPerTrade = Ratio(5, over: 100)
        policy.limits.position = .one
        policy.limits.grossExposure = .one
        policy.limits.orderNotional = Money(raw: Int128(2000) * Int128(unit))
        policy.limits.dailyLoss = limit
        policy.onBreach = action
        return BacktestSetup(
            account: usual.account, deposit: usual.deposit, instances: usual.instances,
            instruments: usual.instruments, policy: policy, checks: usual.checks, costs: usual.costs)
    }

    /// Bought at 100 for about 560; a fall to 50 is a loss of about 280.
    private let bars = [
        bar(0, 100, 101, 99, 100), bar(1, 100, 101, 40, 99), bar(2, 99, 100, 49, 50), bar(3, 50, 120, 50, 110),
        bar(4, 110, 111, 109, 110),
    ]

    @Test func `a fall inside a minute is none, one at its end is`() throws {
        let run = try Backtest.run(setup(Ratio(2, over: 100), .refuse), bars)
        let breach = try #require(run.books.breaches.first)
        #expect(run.books.breaches.count == 1)
        #expect(breach.since == start + .minutes(3))
        #expect(breach.limit == .dailyLoss)
        #expect(run.decisions["breached_daily_loss"] == 1)
        #expect(run.books.trades.isEmpty)
        // The deepest fall on any print is still told.
        #expect(run.figures.maximumDrawdown > breach.loss)
    }

    @Test func `what was stopped out within a minute is a loss at its end, though nothing is held`() throws {
        let run = try Backtest.run(setup(Ratio(2, over: 100), .refuse, stop: 60), bars)
        #expect(run.books.trades.count == 1)
        #expect(run.books.breaches.map(\.since) == [start + .minutes(2)])
        #expect(run.decisions["breached_daily_loss"] == 1)
    }

    @Test(arguments: [BreachAction.halve, .close])
    func `positions are halved or closed at the next print`(_ action: BreachAction) throws {
        let run = try Backtest.run(setup(Ratio(2, over: 100), action), bars)
        let sold = run.books.fills.filter { $0.side == .sell }
        let bought = try #require(run.books.fills.first { $0.side == .buy })
        #expect(sold.count == 1)
        let half = Quantity(raw: bought.quantity.raw / 2).roundedDown(to: Quantity(raw: unit / 100_000))
        #expect(sold.first?.quantity == (action == .close ? bought.quantity : half))
        #expect(sold.first?.price == bars[3].open)
        #expect(sold.first?.time == start + .minutes(3) + .seconds(1))
    }
}
