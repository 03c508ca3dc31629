import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct LeaseTests {
    @Test func `a lease excludes, runs out, and changes hands with a higher token`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.execution)
            let leases = Leases(database: database)
            let first = try #require(try await leases.acquire("exits", holder: "a", for: .milliseconds(400)))
            #expect(try await leases.acquire("exits", holder: "b", for: .seconds(5)) == nil)
            let renewed = try await leases.renew(first, for: .milliseconds(400))
            #expect(renewed.token == first.token)
            let second = try await eventually("the lease of the other") {
                try await leases.acquire("exits", holder: "b", for: .seconds(5))
            }
            #expect(!renewed.isValid())
            #expect(second.token == first.token + 1)
            let lost = await #expect(throws: StoreError.self) { try await leases.renew(first, for: .seconds(1)) }
            #expect(lost?.code == .leaseLost)
            await #expect(throws: StoreError.self) { try await database.transaction { try await $0.require(first) } }
            try await database.transaction { try await $0.require(second) }
            try await leases.release(second)
            let third = try await leases.acquire("exits", holder: "c", for: .seconds(5))
            #expect(third?.token == second.token + 1)
            await database.close()
        }
    }

    @Test func `of many who hold a lease in turn, one is inside at a time`() async throws {
        try await withTestDatabase { test in
            let inside = Collected<String>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let database = test.connect(.execution, poolSize: 2)
                        try await Leases(database: database).hold(
                            "one", holder: "h\(number)", for: .milliseconds(300)
                        ) { lease in
                            inside.append("in \(lease.token)")
                            // Longer than the lease: it is renewed meanwhile.
                            try await Task.sleep(for: .milliseconds(450))
                            inside.append("out \(lease.token)")
                        }
                        await database.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(inside.all == (1...4).flatMap { ["in \($0)", "out \($0)"] })
        }
    }
}
