import Domain
import TestKit
import Testing

@testable import ServiceKit

@Suite struct ClockAndBackoffTests {
    @Test func `a backoff doubles up to its limit, draws from the upper half and begins anew`() {
        var random = SeededRandom(seed: 7)
        var backoff = Backoff(base: .milliseconds(100), limit: .seconds(2))
        for full in [100, 200, 400, 800, 1600, 2000, 2000] {
            let wait = backoff.next(using: &random)
            #expect(wait >= .milliseconds(full) / 2 && wait <= .milliseconds(full), "seed \(random.seed)")
        }
        #expect(backoff.attempts == 7)
        backoff.reset()
        #expect(backoff.next(using: &random) <= .milliseconds(100))
        for _ in 0..<100 { #expect(backoff.next() <= .seconds(2)) }
    }

    @Test func `a manual clock moves only when told`() {
        let clock = ManualClock(.zero)
        #expect(clock.now() == clock.now())
        clock.advance(by: .seconds(5))
        #expect(clock.now() == Timestamp(seconds: 5))
        clock.set(Timestamp(seconds: 9))
        #expect(clock.now() == Timestamp(seconds: 9))
        #expect(SystemClock().now() > Timestamp(seconds: 1_600_000_000))
    }
}
