import Domain
import Testing

@testable import Store

@Suite struct PureStateTests {
    @Test func `the pool lends, queues in order, and refuses beyond its limits`() {
        var pool = PoolState(size: 2, waitersMax: 2)
        #expect(pool.acquire() == .take(0))
        #expect(pool.acquire() == .take(1))
        #expect(pool.acquire() == .wait(ticket: 1))
        #expect(pool.acquire() == .wait(ticket: 2))
        #expect(pool.acquire() == .refuse)
        #expect(pool.release(0) == 1)
        #expect(pool.abandon(2) == true)
        #expect(pool.abandon(1) == false)
        #expect(pool.busy == 2)
        #expect(pool.release(1) == nil)
        #expect(pool.release(0) == nil)
        #expect(pool.busy == 0)
        #expect(pool.acquire() == .take(0))
    }

    @Test func `the gate closes after a failure, for longer each time, up to two seconds`() {
        var gate = ReconnectGate()
        let now = ContinuousClock.now
        #expect(gate.isOpen(at: now))
        for expected in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            gate.failed(at: now, jitter: 1)
            #expect(!gate.isOpen(at: now + .milliseconds(expected - 1)))
            #expect(gate.isOpen(at: now + .milliseconds(expected)))
        }
        gate.succeeded()
        #expect(gate.isOpen(at: now))
    }

    @Test func `a key's events are applied in order`() {
        var sequences = KeySequences(keysMax: 2)
        #expect(sequences.verdict(key: "a", sequence: 0) == .apply)
        #expect(sequences.verdict(key: "a", sequence: 5) == .look)
        sequences.applied(key: "a", sequence: 5)
        #expect(sequences.verdict(key: "a", sequence: 5) == .skip)
        #expect(sequences.verdict(key: "a", sequence: 6) == .apply)
        #expect(sequences.verdict(key: "a", sequence: 8) == .pull(last: 5))
        sequences.applied(key: "b", sequence: 1)
        sequences.applied(key: "c", sequence: 1)
        #expect(sequences.verdict(key: "a", sequence: 6) == .look)
        #expect(sequences.verdict(key: "c", sequence: 2) == .apply)
    }

    @Test func `the horizon's age counts while one transaction holds it`() {
        var age = HorizonAge()
        let now = ContinuousClock.now
        #expect(age.observe("7", isHeld: true, at: now) == 0)
        #expect(age.observe("7", isHeld: true, at: now + .seconds(3)) == 3)
        #expect(age.observe("8", isHeld: true, at: now + .seconds(4)) == 0)
        #expect(age.observe("8", isHeld: false, at: now + .seconds(9)) == 0)
        #expect(age.observe("8", isHeld: true, at: now + .seconds(9)) == 0)
    }

    @Test(
        arguments: [
            ("2026-11-21 11:33:51.123456+00", 1_795_260_831_123_456_000),
            ("2026-11-21 11:33:51+00", 1_795_260_831_000_000_000),
            ("2026-11-21 17:03:51.5+05:30", 1_795_260_831_500_000_000),
            ("2026-11-21 06:33:51-05", 1_795_260_831_000_000_000),
        ])
    func `wall time is read with any offset`(_ text: String, _ nanoseconds: Int64) {
        #expect(WallTime.read(text)?.time == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: ["", "infinity", "2026-11-21", "2026-11-21 11:33", "2026-11-21 11:33:51."])
    func `what is no wall time is refused`(_ text: String) { #expect(WallTime.read(text) == nil) }

    @Test func `wall time is written to the microsecond`() {
        #expect(
            WallTime(Timestamp(nanoseconds: 1_795_260_831_123_456_789)).boundText == "2026-11-21T11:33:51.123456Z")
    }

    @Test func `waits double between half and all of their limit`() {
        var backoff = Backoff(first: .milliseconds(100), most: .milliseconds(300))
        for limit in [100, 200, 300, 300] {
            let wait = backoff.next()
            #expect(wait >= .milliseconds(limit) / 2 && wait <= .milliseconds(limit))
        }
    }

    @Test func `a verifier accepts the password it was made from`() throws {
        // Made by PostgreSQL 15 for the password of RFC 7677's example.
        let text =
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        let verifier = try #require(ScramVerifier(text))
        #expect(verifier.accepts("pencil"))
        #expect(!verifier.accepts("pencil2"))
        #expect(ScramVerifier("md5d41d8cd98f00b204e9800998ecf8427e") == nil)
        #expect(ScramVerifier("") == nil)
    }
}
