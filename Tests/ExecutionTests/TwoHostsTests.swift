import Domain
import ExecutionCore
import Logging
import Store
import StoreTestKit
import TestKit
import Testing

@testable import ExecutionApp

@Suite("Two hosts and one account")
struct TwoHostsTests {
    @Test("the one that waits for the lease keeps nothing in mind, and sells nothing when the database goes away")
    func standsBy() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            let other = try await bench.reopened(in: try Scratch.folder())
            other.books.lease = nil
            let lease = try AccountLease(books: other.books, folder: other.folder, logger: Logger(label: "lease"))
            let waiting = Task { await lease.run() }
            try await eventually("it knows who has the account") { other.books.isElsewhere ? true : nil }
            let standby = try other.desk()
            for _ in 0..<3 { await standby.step() }
            #expect(await standby.orders.isEmpty)
            #expect(await standby.held == nil)
            waiting.cancel()
            await waiting.value
            await lease.release()
            for one in [bench, other] {
                await one.books.database.close()
                one.books.isReachable = false
            }
            for second in Int64(9)...12 {
                for one in [standby, desk] {
                    one.inbox.add([Make.print(second, at: 85)])
                    await one.step()
                }
            }
            #expect(venue.fills.filter { $0.side == .sell }.count == 1)
            await other.close()
        }
    }

    @Test("the next one finds what the one before had fired without the books, and does not sell it again")
    func takesOver() async throws {
        let venue = ScriptedVenue()
        try await withBench(venue) { bench in
            let desk = try await bench.watching(venue)
            await bench.books.database.close()
            desk.inbox.add([Make.print(9, at: 85)])
            await desk.step()
            #expect(venue.fills.count == 2)
            let other = try await bench.reopened(in: try Scratch.folder())
            let next = try other.desk()
            next.inbox.add([Make.print(10, at: 84)])
            try await other.waitForTrade(next, "stop_loss")
            try await other.settle(next)
            try await other.check(venue.fills)
            #expect(venue.fills.count == 2)
            await other.close()
        }
    }

    @Test("what was committed while a change waited for the account counts: a fill set aside, a lease that is gone")
    func seesWhatItWaitedFor() async throws {
        try await withBench(ScriptedVenue()) { bench in
            func whileWaiting(_ sql: SQL) async throws -> Int {
                let lock = try await Rig.Lock(bench.database.connect(.riskManager, poolSize: 1))
                let change = Task { try await bench.books.change { _, locked in locked.fillsAside } }
                try await eventually("it waits") {
                    try await bench.database.servers.sql(
                        """
                        SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'execution'
                            AND datname = '\(bench.database.name)' AND wait_event_type = 'Lock'
                        """) == "t" ? true : nil
                }
                _ = try await bench.rows(sql)
                await lock.release()
                return try await change.value
            }
            let aside: SQL = """
                INSERT INTO fills_set_aside (account, symbol, venue_trade_id, order_id, quantity, body, reason)
                VALUES ('main', 'BTCUSDT', 't', 'ord-1', 1, '{}', 'test')
                """
            let fillsAside = try await whileWaiting(aside)
            #expect(fillsAside == 1)
            let refused = await #expect(throws: StoreError.self) {
                try await whileWaiting("UPDATE leases SET token = token + 1 WHERE name = 'execution/main'")
            }
            #expect(refused?.code == .leaseLost)
        }
    }
}
