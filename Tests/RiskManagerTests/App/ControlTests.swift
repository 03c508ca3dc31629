import Contracts
import Domain
import Foundation
import Outbound
import ServiceKit
import Store
import StoreTestKit
import Synchronization
import TestKit
import Testing

@testable import RiskManagerApp

/// Pause, resume and stop over HTTP, with everything real behind it.
struct ControlTests {
    @Test func `a pause holds over a restart, and exits go on`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await floor.whileRunning { client in
                    let answer = try await client.send(
                        .post, "/api/control/main/pause", #"{"by":"me","reason":"holiday","operation":"p1"}"#)
                    #expect(answer.status == 200)
                    let again = try await client.send(
                        .post, "/api/control/main/pause", #"{"by":"me","reason":"holiday","operation":"p1"}"#)
                    #expect(again.status == 200)
                    #expect(try await floor.count("control_audit") == 1)
                    let other = try await client.send(
                        .post, "/api/control/main/resume", #"{"by":"me","reason":"x","operation":"p1"}"#)
                    #expect(other.status == 409)
                }
                try await floor.open(floor.symbols[1], "2")
                try await floor.whileRunning { client in
                    try await floor.raise(floor.signal(floor.symbols[0]), on: bus)
                    #expect(try await floor.value("code FROM decisions") == "trading_paused")
                    try await floor.raise(floor.signal(floor.symbols[1], .exit), on: bus)
                    #expect(try await floor.count("orders WHERE purpose = 'exit'") == 1)
                    let page = try await client.send(.get, "/metrics").text
                    #expect(page.contains(#"plimsoll_trading_state{account="main",state="paused"} 1"#))
                    #expect(
                        page.contains(
                            #"plimsoll_decisions_total{account="main",code="trading_paused",outcome="refused"} 1"#))
                    let resumed = try await client.send(
                        .post, "/api/control/all/resume", #"{"by":"me","reason":"back"}"#)
                    #expect(
                        try resumed.decoded(ControlRoutes.Answers.self).accounts.map(\.account) == ["main", "other"])
                    try await floor.raise(floor.signal(floor.symbols[0], at: floor.close - .seconds(1)), on: bus)
                    #expect(try await floor.count("orders WHERE purpose = 'entry'") == 1)
                }
            }
        }
    }

    @Test func `a stop cancels entries, closes positions, and closes what opens late`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await floor.whileRunning { client in
                    try await floor.open(floor.symbols[1], "2")
                    try await floor.raise(floor.signal(floor.symbols[0]), on: bus)
                    let answer = try await client.send(
                        .post, "/api/control/main/stop", #"{"by":"me","reason":"fire","flatten":true}"#)
                    #expect(answer.status == 200)
                    #expect(try answer.decoded(ControlRoutes.Answers.self).accounts[0].settled)
                    #expect(try await floor.value("state FROM orders WHERE purpose = 'entry'") == "cancelled")
                    #expect(try await floor.count("orders WHERE purpose = 'flatten' AND quantity = 2") == 1)
                    #expect(try await floor.count("events WHERE body->>'kind' = 'emergency_stop'") == 1)
                    // The entry had been filled after all: what it opened is closed too.
                    try await floor.open(floor.symbols[0], "1.5", id: "pos-late")
                    try await eventually("the late position is being closed") {
                        try await floor.count("orders WHERE purpose = 'flatten' AND quantity = 1.5") == 1 ? true : nil
                    }
                    // A rejected order that should close is followed by another.
                    try await floor.database.servers.sql(
                        "UPDATE orders SET state = 'rejected', updated_at = now() WHERE quantity = 1.5",
                        database: floor.database.name)
                    try await eventually("it is tried again", within: .seconds(15)) {
                        try await floor.count("orders WHERE purpose = 'flatten' AND quantity = 1.5") == 2 ? true : nil
                    }
                    #expect(try await floor.count("orders WHERE purpose = 'entry' AND state = 'approved'") == 0)
                }
            }
        }
    }

    @Test func `after a stop is answered no entry is claimed, under load`() async throws {
        try await withFloor(markets: 40) { floor in
            let risk = floor.database.connect(.riskManager)
            let books = floor.books(risk)
            let claims = Claims(database: floor.database.connect(.execution))
            try await floor.whileRunning { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for round in 0..<200 {
                            let symbol = floor.symbols[round % 40]
                            let signal = floor.signal(symbol, at: floor.close - .milliseconds(Int64(round)))
                            _ = try await books.decide(signal, account: "main")
                        }
                    }
                    for _ in 0..<2 { group.addTask { try await claims.run(for: .seconds(4)) } }
                    group.addTask {
                        try await eventually("entries are being claimed") { claims.total >= 5 ? true : nil }
                        let answer = try await client.send(
                            .post, "/api/control/main/stop", #"{"by":"me","reason":"load"}"#)
                        claims.note(stopAnsweredAt: .now)
                        #expect(answer.status == 200)
                        #expect(try await floor.count("orders WHERE purpose = 'entry' AND state = 'submitting'") == 0)
                    }
                    try await group.waitForAll()
                }
                #expect(
                    try await floor.count("orders WHERE purpose = 'entry' AND state IN ('approved', 'submitting')") == 0
                )
                #expect(claims.total > 0)
                #expect(claims.afterStop == 0, "\(claims.afterStop) entries were claimed after the stop was answered")
                #expect(try await floor.count("decisions WHERE code = 'trading_stopped'") > 0)
            }
            await risk.close()
            await claims.database.close()
        }
    }

    @Test func `a stop waits for entries on their way and says when they stay`() async throws {
        try await withFloor { floor in
            let risk = floor.database.connect(.riskManager)
            let books = floor.books(risk)
            try await books.ensure([floor.account])
            _ = try await books.decide(floor.signal(floor.symbols[0]), account: "main")
            try await floor.database.servers.sql(
                "UPDATE orders SET state = 'submitting'", database: floor.database.name)
            let folder = FileManager.default.temporaryDirectory.appending(path: "risk-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let service = try await HostedService(
                "risk-manager", settings: try Settings(yaml: try floor.settings(folder: folder)), listen: .anyLoopback,
                sink: LogLines()
            ) { _, api in
                ControlRoutes(books: books, accounts: ["main"], settleLimit: .milliseconds(300)).add(to: api)
                return []
            }
            let running = Task { try await service.run() }
            let client = Client(port: try await service.port)
            let answer = try await client.send(.post, "/api/control/main/stop", #"{"by":"me","reason":"x"}"#)
            #expect(answer.status == 202)
            let account = try answer.decoded(ControlRoutes.Answers.self).accounts[0]
            #expect(!account.settled && account.entriesInFlight.count == 1)
            running.cancel()
            _ = await running.result
            await risk.close()
        }
    }
}

/// Claims and settles orders as execution does: one conditional update under the account's lock.
private final class Claims: Sendable {
    let database: Database
    private let state = Mutex<(total: Int, afterStop: Int, stop: ContinuousClock.Instant?)>((0, 0, nil))

    init(database: Database) { self.database = database }

    var total: Int { state.withLock { $0.total } }
    var afterStop: Int { state.withLock { $0.afterStop } }

    func note(stopAnsweredAt time: ContinuousClock.Instant) { state.withLock { $0.stop = time } }

    func run(for time: Duration) async throws {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            let begun = ContinuousClock.now
            let claimed: String? = try await database.transaction(attempts: 5) { transaction in
                let rows = try await transaction.query(
                    "SELECT state FROM accounts WHERE id = 'main' FOR UPDATE")
                guard try rows.first?.text("state") == "running" else { return nil }
                return try await transaction.query(
                    """
                    UPDATE orders SET state = 'submitting' WHERE id = (
                        SELECT id FROM orders WHERE purpose = 'entry' AND state = 'approved' LIMIT 1)
                        AND state = 'approved' RETURNING id
                    """
                ).first?.text("id")
            }
            guard let claimed else {
                try await Task.sleep(for: .milliseconds(5))
                continue
            }
            state.withLock { state in
                state.total += 1
                if let stop = state.stop, begun > stop { state.afterStop += 1 }
            }
            // So long the venue takes for its answer.
            try await Task.sleep(for: .milliseconds(Int.random(in: 1...60)))
            try await database.query(
                "UPDATE orders SET state = 'cancelled', reserved = 0 WHERE id = $1", [claimed])
        }
    }
}
