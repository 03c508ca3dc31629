import Domain
import ExecutionCore
import TestKit
import Testing

@Suite("What prices were reached since a moment")
struct TouchedPricesTests {
    @Test("the same as looking at every print, in whatever order they came")
    func extremes() {
        let seed: UInt64 = 20_261_122
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let prints = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                (
                    Make.price(Int64.random(in: 90...110, using: &random)),
                    Make.time(Int64.random(in: 0...40, using: &random))
                )
            }
            var touched = TouchedPrices()
            let cut = Int.random(in: 0...prints.count, using: &random)
            for (price, time) in prints[..<cut] { touched.note(price, at: time) }
            var others = TouchedPrices()
            for (price, time) in prints[cut...] { others.note(price, at: time) }
            touched.merge(others)
            for moment in 0...41 {
                let since = prints.filter { $0.1 >= Make.time(Int64(moment)) }.map(\.0)
                #expect(touched.low(since: Make.time(Int64(moment))) == since.min(), "seed \(seed)")
                #expect(touched.high(since: Make.time(Int64(moment))) == since.max(), "seed \(seed)")
            }
        }
    }

    @Test("it stays small, and loses no extreme by it")
    func bounded() {
        var touched = TouchedPrices()
        for step in 0..<5000 { touched.note(Make.price(Int64(100 + step)), at: Make.time(Int64(step))) }
        #expect(touched.low(since: .zero) == Make.price(100))
        #expect(touched.high(since: .zero) == Make.price(5099))
        #expect(touched.low(since: Make.time(4999)) == Make.price(5099))
    }

    @Test("an exit does not fire on what was printed before it stood")
    func before() {
        var touched = TouchedPrices()
        touched.note(Make.price(80), at: Make.time(10))
        touched.note(Make.price(95), at: Make.time(20))
        func due(_ decided: Int64) -> LiveExit? {
            let order = Make.order(
                "sl", .sell, .stop, .stopLoss, trigger: Make.price(90), decidedAt: Make.time(decided))
            return ExitWatch.due(
                [LiveExit(order: order, position: "p", version: 1, state: .approved, filled: .zero)], touched)
        }
        #expect(due(10) != nil)
        #expect(due(11) == nil)
    }
}
