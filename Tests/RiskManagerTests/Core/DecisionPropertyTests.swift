import Domain
import Foundation
import RiskManagerCore
import TestKit
import Testing

/// What must hold whatever the inputs.
struct DecisionPropertyTests {
    private static let seeds: [UInt64] = [1, 7, 2_026, 0xfeed, 0xdead_beef]
    private static let runs = 2_000

    @Test(arguments: seeds)
    func `no approved entry breaks a cap`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var approvals = 0
        for run in 0..<Self.runs {
            let sample = Self.sample(&random)
            guard let approved = sample.approved, let instrument = sample.instrument else { continue }
            approvals += 1
            let broken = Self.brokenCaps(sample, approved, instrument)
            #expect(broken.isEmpty, "seed \(seed) run \(run): \(broken)")
        }
        #expect(approvals > Self.runs / 20, "seed \(seed): only \(approvals) approvals, the test proves nothing")
    }

    private static func brokenCaps(_ sample: Case, _ approved: ApprovedOrder, _ instrument: Instrument) -> [String] {
        let order = approved.order
        let limits = sample.policy.limits
        let account = sample.account
        let performance = Performance(account, prices: sample.prices, at: Case.close)
        let equity = performance.equity
        let last = sample.prices[Case.btc]?.price ?? .zero
        let notional = max(last, sample.signalPrice).times(order.quantity)
        let monthly = limits.monthlyDrawdown(with: sample.goals)
        let checks: [(String, Bool)] = [
            ("running", sample.state == .running),
            ("position", approved.reserved <= equity.times(limits.position)),
            ("gross exposure", performance.exposure + approved.reserved <= equity.times(limits.grossExposure)),
            ("cash", account.reserved + approved.reserved <= account.cash),
            ("reserve covers the notional", approved.reserved >= notional),
            ("order cap", limits.orderNotional.map { approved.reserved <= $0 } ?? true),
            ("drawdown", performance.drawdown < limits.drawdown),
            ("monthly drawdown", performance.monthlyDrawdown < monthly),
            ("daily loss", performance.dailyLoss < limits.dailyLoss),
            ("stop below", (order.protectiveStop ?? .zero) < min(last, sample.signalPrice)),
            ("lot", order.quantity == order.quantity.roundedDown(to: instrument.lotSize)),
            ("venue", (try? instrument.admissible(order.quantity, at: max(last, sample.signalPrice))) != nil),
            ("positions", account.openPositions.count + account.liveEntries.count < limits.openPositions),
            ("risk", Self.risk(sample, order) <= equity.times(sample.policy.riskPerTrade).times(ratio("1.3"))),
        ]
        return checks.filter { !$0.1 }.map(\.0)
    }

    private static func risk(_ sample: Case, _ order: Order) -> Money {
        let last = sample.prices[Case.btc]?.price ?? .zero
        return (max(last, sample.signalPrice) - (order.protectiveStop ?? .zero)).times(order.quantity, .towardZero)
    }

    @Test(arguments: seeds)
    func `more drawdown never gives a larger size`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for run in 0..<Self.runs {
            let sample = Self.sample(&random)
            var worse = sample
            let more = money(String(Int.random(in: 1...3_000, using: &random)))
            worse.cash -= more
            let before = sample.approved?.order.quantity ?? .zero
            let after = worse.approved?.order.quantity ?? .zero
            #expect(after <= before, "seed \(seed) run \(run): \(before) became \(after) after a loss of \(more)")
        }
    }

    @Test(arguments: seeds)
    func `the same input gives the same bytes`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for _ in 0..<50 {
            let sample = Self.sample(&random)
            let (one, two) = (sample.decide(), sample.decide())
            #expect(one == two)
            #expect(try encoder.encode(one.inputs) == encoder.encode(two.inputs))
        }
    }

    @Test(arguments: seeds)
    func `numbers from anywhere are decided without a trap`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<Self.runs {
            let sample = Case().with {
                $0.signalPrice = Self.wild(&random)
                $0.stop = Self.wild(&random)
                $0.target = Bool.random(using: &random) ? Self.wild(&random) : nil
                $0.prices[Case.btc] = PricePoint(price: Self.wild(&random), time: Case.close)
                $0.cash = Money(raw: Int128(Self.wild(&random).raw) * 1_000_000)
                $0.netDeposits = Money(raw: Int128(Self.wild(&random).raw) * 1_000_000)
            }
            #expect(!sample.decide().code.isEmpty)
        }
    }

    private static func wild(_ random: inout SeededRandom) -> Price {
        let edges: [Int64] = [.max, .min + 1, 0, 1, -1]
        if Int.random(in: 0..<4, using: &random) == 0 { return Price(raw: edges.randomElement(using: &random) ?? 0) }
        return Price(raw: Int64.random(in: (.min + 1)...(.max), using: &random))
    }

    /// Mostly sound accounts and signals, with everything that can bind near its bound now and then.
    private static func sample(_ random: inout SeededRandom) -> Case {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func cents(_ range: ClosedRange<Int>) -> String { "\(pick(range)).\(pick(10...99))" }
        var sample = Case()
        sample.state = pick(0...9) == 0 ? .paused : .running
        sample.cash = money(cents(100...20_000))
        sample.netDeposits = sample.cash + money(String(pick(-200...200)))
        sample.signalPrice = price(cents(1...2_000))
        let last = sample.signalPrice.times(Ratio(Int64(pick(98...102)), over: 100))
        sample.prices[Case.btc] = PricePoint(price: last, time: Case.close - .seconds(Int64(pick(0...16))))
        sample.stop = sample.signalPrice.times(Ratio(Int64(pick(1...97)), over: 100))
        sample.target = nil
        if pick(0...1) == 0 {
            sample.prices[Case.eth] = PricePoint(price: price(cents(1...500)), time: Case.close)
            sample.positions = [held(Case.eth, cents(0...10), cost: cents(1...500))]
            sample.netDeposits += sample.positions[0].cost
        }
        if pick(0...1) == 0 {
            sample.liveOrders = [live("o", symbol("SOLUSDT"), .entry, reserved: cents(0...5_000))]
        }
        let kinds = Goal.Kind.allCases
        if let kind = kinds.randomElement(using: &random), pick(0...1) == 0 {
            sample.goals = [GoalStanding(id: "g", kind: kind, progress: Ratio(Int64(pick(0...120)), over: 100))]
        }
        sample.policy.riskPerTrade = Ratio(Int64(pick(1...200)), over: 1000)
        sample.policy.limits.position = Ratio(Int64(pick(1...50)), over: 100)
        sample.policy.limits.orderNotional = pick(0...2) == 0 ? money(cents(10...4_000)) : nil
        return sample
    }
}
