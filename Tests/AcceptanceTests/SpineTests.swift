import Foundation
import TestKit
import Testing

/// One path from a print to a notification, on the real suite. The tests run in this order, on one market.
@Suite("The spine", .serialized)
struct SpineTests {
    @Test("prices and candles are there within two minutes of the start")
    func prices() async throws {
        let parts = try await RunningSuite.shared.parts()
        let suite = parts.suite
        _ = try await eventually("five prices and finished minutes of all five", within: .seconds(120)) {
            guard let metrics = try await suite.get("market-data", "/metrics") else { return nil as Bool? }
            let prices = metrics.split(separator: "\n").count { $0.hasPrefix("plimsoll_price{") && !$0.hasSuffix(" 0") }
            let since = Int(parts.startedAt.timeIntervalSince1970) / 60 * 60
            let minutes = try await suite.count(
                """
                SELECT count(DISTINCT symbol) FROM candles
                WHERE timeframe = '1m' AND open_ns >= \(since)::bigint * 1000000000
                """)
            return prices == 5 && minutes == 5 ? true : nil
        }
        #expect(Date().timeIntervalSince(parts.startedAt) < 120)
    }

    @Test("a signal, an order and a fill come within ten minutes, by themselves")
    func fill() async throws {
        let parts = try await RunningSuite.shared.parts()
        for account in ["main", "paper"] {
            _ = try await eventually("a fill of \(account)", within: .seconds(600)) {
                try await parts.suite.count("SELECT count(*) FROM fills WHERE account = '\(account)'") > 0 ? true : nil
            }
        }
        #expect(Date().timeIntervalSince(parts.startedAt) < 600)
    }

    @Test("the books follow from the fills, and the venue has the same fills")
    func books() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        try await Books.settle(suite)
        try await Books.agreeWithVenue(suite)
    }

    @Test("status shows accounts, positions, goal and sources; why tells an order's story")
    func words() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        let status = try await suite.plimsoll("status")
        #expect(status.status == 0, "\(status.errors)")
        for word in ["main", "paper", "running", "BTCUSDT", "portfolio", "market-data"] {
            #expect(status.output.contains(word), "\(word) is missing in:\n\(status.output)")
        }
        let order = try await suite.sql("SELECT id FROM orders WHERE purpose = 'entry' AND state = 'filled' LIMIT 1")
        let why = try await suite.plimsoll("why", order)
        #expect(why.status == 0, "\(why.errors)")
        for word in [order, "crossed above", "filled"] {
            #expect(why.output.contains(word), "\(word) is missing in:\n\(why.output)")
        }
    }

    @Test("one correlation id ties an order's lines in three logs and its rows together")
    func correlation() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        // The exits of a position have an order of their own; the story begins with the entry.
        let row = try await suite.sql(
            """
            SELECT o.correlation, d.signal_id, count(e.id) FROM orders o JOIN decisions d ON d.id = o.decision_id
            LEFT JOIN events e ON e.correlation = o.correlation
            WHERE o.account = 'main' AND o.purpose = 'entry' AND o.state = 'filled' GROUP BY 1, 2 LIMIT 1
            """
        ).split(separator: "|").map(String.init)
        try #require(row.count == 3)
        #expect(row[0] == row[1], "it begins with the signal")
        #expect((Int(row[2]) ?? 0) >= 3, "approved, changed and filled are events of it")
        for service in ["strategy", "risk-manager", "execution"] {
            let lines = try suite.log(service).split(separator: "\n").filter {
                $0.contains(#""correlation":"\#(row[0])""#)
            }
            #expect(!lines.isEmpty, "\(service) says nothing of \(row[0])")
        }
    }

    @Test("every panel of the dashboards has figures")
    func dashboards() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        let check = Repository.root.appending(path: "ops/check-dashboards").path
        let arguments = ["--prometheus", try suite.address("prometheus", ""), "grafana/dashboards"]
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let outcome = try await Command.run(check, arguments)
            if outcome.status == 0 { return }
            guard ContinuousClock.now < deadline else {
                Issue.record("\(outcome.output)\(outcome.errors)")
                return
            }
            try await Task.sleep(for: .seconds(5))
        }
    }

    @Test("a pause holds over a restart of risk-manager, until the owner resumes")
    func pause() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        let paused = try await suite.plimsoll("pause", "main", "--reason", "acceptance", "--by", "tests")
        #expect(paused.status == 0, "\(paused.errors)")
        try await suite.kill("risk-manager")
        try await suite.awaitReady()
        #expect(try await suite.sql("SELECT state FROM accounts WHERE id = 'main'") == "paused")
        let resumed = try await suite.plimsoll("resume", "main", "--reason", "acceptance", "--by", "tests")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try await suite.sql("SELECT state FROM accounts WHERE id = 'main'") == "running")
        #expect(try await suite.count("SELECT count(*) FROM control_audit WHERE account = 'main'") == 2)
    }

    @Test(
        "a service that is killed comes back, and the books hold",
        arguments: ["market-data", "strategy", "risk-manager", "execution", "alerting"])
    func killedService(_ service: String) async throws {
        let suite = try await RunningSuite.shared.parts().suite
        try await suite.kill(service)
        try await suite.awaitReady()
        try await Books.settle(suite)
        try await Books.agreeWithVenue(suite)
    }

    @Test("services that are asked to stop end within ten seconds in good order, and the books hold")
    func askedToStop() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        let services = ["market-data", "strategy", "risk-manager", "execution", "alerting"]
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Requests that come in all the while, on connections that are kept open.
            for service in services {
                group.addTask { try await suite.press(service) }
            }
            for (service, signal) in zip(services, ["TERM", "INT", "TERM", "TERM", "INT"]) {
                let stopped = try await suite.stop(service, signal)
                #expect(stopped.status == 0, "\(service)")
                #expect(stopped.took < .seconds(10), "\(service)")
            }
            group.cancelAll()
        }
        try await suite.awaitReady()
        try await Books.settle(suite)
        try await Books.agreeWithVenue(suite)
    }

    @Test("a server that is killed comes back, and the books hold", arguments: ["redis", "pgbouncer", "postgres"])
    func killedServer(_ server: String) async throws {
        let suite = try await RunningSuite.shared.parts().suite
        try await suite.bounce(server)
        try await suite.awaitReady()
        try await Books.settle(suite)
        try await Books.agreeWithVenue(suite)
    }

    @Test("an exchange that falls silent is told to all three channels, and so is its return")
    func silence() async throws {
        let parts = try await RunningSuite.shared.parts()
        // Earlier tests have killed things, and that was told too.
        let began = Date()
        try await parts.suite.post("exchange-sim", "/control/silence?seconds=45", "")
        _ = try await eventually("all three hear of the silence", within: .seconds(90)) {
            try parts.sinks.heard("SourceDown", "firing", mails: parts.mails, since: began).count == 3 ? true : nil
        }
        _ = try await eventually("all three hear of the return", within: .seconds(120)) {
            try parts.sinks.heard("SourceDown", "resolved", mails: parts.mails, since: began).count == 3 ? true : nil
        }
    }

    @Test("a database that is away is told while it is away")
    func databaseAway() async throws {
        let parts = try await RunningSuite.shared.parts()
        let began = Date()
        try await parts.suite.servers("kill", "postgres")
        _ = try await eventually("all three hear of it", within: .seconds(120)) {
            try parts.sinks.heard("PostgresDown", "firing", mails: parts.mails, since: began).count == 3 ? true : nil
        }
        try await parts.suite.servers("start", "postgres")
        try await parts.suite.awaitReady()
        try await Books.settle(parts.suite)
        _ = try await eventually("all three hear that it is back", within: .seconds(90)) {
            try parts.sinks.heard("PostgresDown", "resolved", mails: parts.mails, since: began).count == 3 ? true : nil
        }
    }

    @Test("after an emergency stop nothing is held and nothing is bought")
    func emergencyStop() async throws {
        let suite = try await RunningSuite.shared.parts().suite
        let stopped = try await suite.plimsoll("stop", "--all", "--flatten", "--reason", "acceptance", "--by", "tests")
        #expect(stopped.status == 0, "\(stopped.errors)")
        let buys = "SELECT count(*) FROM fills WHERE side = 'buy'"
        let before = try await suite.count(buys)
        _ = try await eventually("nothing is held", within: .seconds(60)) {
            try await suite.count("SELECT count(*) FROM positions WHERE quantity > 0") == 0
                ? true : nil
        }
        try await Books.settle(suite)
        try await Books.agreeWithVenue(suite)
        #expect(try await suite.count(buys) == before)
        #expect(
            try await suite.count(
                "SELECT count(*) FROM orders WHERE NOT reduce_only AND state IN ('submitting', 'open', 'approved')")
                == 0)
    }

    @Test("no secret is in a log, a row, a metric, an argument list or a notification")
    func secrets() async throws {
        let parts = try await RunningSuite.shared.parts()
        #expect(try await Secrets.leaks(of: parts) == [])
    }
}
